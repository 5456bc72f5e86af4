--[[
  Ends the lock of whoever is publishing, if it is still his: it may have lapsed, and be somebody else's by now.
  KEYS[1] lock
  ARGV[1] token of the one who took it
  Returns 1 unlocked, 0 it was not his.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
