--[[
  Appends passive trunk signals; the oldest go when there are too many.
  KEYS[1] signals
  ARGV[1] most signals kept
  ARGV[2…] signals (JSON), oldest first
  Returns the number kept.
]]
for index = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[index])
end
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[1]), -1)
return redis.call('LLEN', KEYS[1])
