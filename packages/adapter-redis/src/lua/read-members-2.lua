--[[
  Gives the members whose entry stands, or those whose entry lapsed without a goodbye; forgets what lapsed long ago. Time is Redis's own.
  KEYS[1] members   KEYS[2] lapses
  ARGV[1] `present` or `lost`
  ARGV[2] how long a lost member is remembered (ms)
  Returns the members (JSON).
]]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', now - ARGV[2], 'BYSCORE')) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
local from, to = '-inf', now
if ARGV[1] == 'present' then
  from, to = '(' .. now, '+inf'
end
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], from, to, 'BYSCORE')) do
  found[#found + 1] = redis.call('HGET', KEYS[1], id)
end
return found
