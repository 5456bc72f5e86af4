--[[
  Enters or renews a member. Time is Redis's own.
  KEYS[1] members   KEYS[2] lapses
  ARGV[1] member id
  ARGV[2] member (JSON)
  ARGV[3] life of the entry (ms)
  Returns 1.
]]
local clock = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[3], ARGV[1])
return 1
