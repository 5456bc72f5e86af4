--[[
  Gives the lease back, if it is held by who asks. The epoch stays.
  KEYS[1] lease
  ARGV[1] who asks
  Returns 1 released, 0 it was not his.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'holder', '', 'until', 0)
return 1
