--[[
  Takes calls whose deadline has passed; each is the caller's until the lease ends, then due again.
  KEYS[1] deadlines
  ARGV[1] now (epoch ms)
  ARGV[2] most calls to take
  ARGV[3] end of the lease (epoch ms)
  Returns the call ids, longest due first.
]]
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, id in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[3], id)
end
return due
