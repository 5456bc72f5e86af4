--[[
  Writes how an emergency path fared, unless a later leader's term has begun.
  KEYS[1] paths   KEYS[2] leader lease
  ARGV[1] pool and trunk
  ARGV[2] path (JSON), empty = forget it
  ARGV[3] epoch of the writer's term
  Returns 1, -1 when the writer's term is over.
]]
if tonumber(redis.call('HGET', KEYS[2], 'epoch') or '0') > tonumber(ARGV[3]) then
  return -1
end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
return 1
