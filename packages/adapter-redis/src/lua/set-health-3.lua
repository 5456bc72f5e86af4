--[[
  Writes the health of a trunk and tells the watchers, unless a later leader's term has begun.
  KEYS[1] health   KEYS[2] revision   KEYS[3] leader lease
  ARGV[1] trunk
  ARGV[2] health (JSON), empty = forget the trunk
  ARGV[3] channel of changes
  ARGV[4] epoch of the writer's term
  Returns the new revision, -1 when the writer's term is over.
]]
if tonumber(redis.call('HGET', KEYS[3], 'epoch') or '0') > tonumber(ARGV[4]) then
  return -1
end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local revision = redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[3], revision)
return revision
