--[[
  Takes an entry that cannot be read out of a stream and keeps it, as it is, for people to look at; all or nothing, once.
  KEYS[1] stream   KEYS[2] stream of what was set aside
  ARGV[1] id of the entry
  ARGV[2] how long it is kept (s)
  ARGV[3] how many are kept at least, of those that came last
  Returns 1, or 0 when the stream has no such entry.
]]
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not entry then
  return 0
end
local oldestMs = string.format('%.0f', (redis.call('TIME')[1] - ARGV[2]) * 1000)
for _, lapsed in ipairs(redis.call('XRANGE', KEYS[2], '-', oldestMs, 'COUNT', 100)) do
  redis.call('XDEL', KEYS[2], lapsed[1])
end
-- Whoever wrote it may have written any number of fields; a command takes some thousands.
local fields = math.min(#entry[2], 1000)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'was', ARGV[1], unpack(entry[2], 1, fields))
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
