--[[
  Says that callers are attended to, and takes those that nobody attends to any more: they are the asker's for as long. Time is Redis's own.
  KEYS[1] attended   KEYS[2] what the keys of records begin with
  ARGV[1] how long a caller counts as attended to (ms)
  ARGV[2] most calls to take
  ARGV[3…] calls that the asker attends to
  Returns the call ids, longest unattended first.
]]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for index = 3, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[index])
end
local left = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  local head = redis.call('GETRANGE', KEYS[2] .. id, 0, 1)
  if head == '' or head == '0\n' then
    -- Over, and its end was written by a release that knows no callers; or lost by the store.
    redis.call('ZREM', KEYS[1], id)
  else
    redis.call('ZADD', KEYS[1], now + ARGV[1], id)
    left[#left + 1] = id
  end
end
return left
