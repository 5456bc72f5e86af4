--[[
  Removes a member and a request that it drain.
  KEYS[1] members   KEYS[2] lapses   KEYS[3] drains
  ARGV[1] member id
  ARGV[2] its entry among the drains
  Returns 1.
]]
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[2])
return 1
