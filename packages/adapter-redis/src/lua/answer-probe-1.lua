--[[
  Hands a probe's result to who asked; it lapses when he does not fetch it.
  KEYS[1] replies of who asked
  ARGV[1] result (JSON)
  ARGV[2] life of an unfetched result (ms)
  Returns 1.
]]
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
