--[[
  Takes rows out of the draft of the location database.
  KEYS[1] draft
  KEYS[2] state
  ARGV[1..] keys of rows
  Returns how many there were.
]]
local removed = redis.call('HDEL', KEYS[1], unpack(ARGV))
if removed > 0 then
  redis.call('HINCRBY', KEYS[2], 'revision', 1)
end
return removed
