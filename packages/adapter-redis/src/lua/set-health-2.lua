--[[
  Writes the health of a trunk and tells the watchers.
  KEYS[1] health   KEYS[2] revision
  ARGV[1] trunk
  ARGV[2] health (JSON), empty = forget the trunk
  ARGV[3] channel of changes
  Returns the new revision.
]]
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local revision = redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[3], revision)
return revision
