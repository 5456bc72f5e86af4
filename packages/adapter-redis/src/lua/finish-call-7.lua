--[[
  Ends a call: the record becomes a marker that lapses, its loads and index entries go, its detail records are appended; all or nothing, once.
  KEYS[1] record   KEYS[2] deadlines   KEYS[3] loads   KEYS[4] live   KEYS[5] details   KEYS[6] emergency records   KEYS[7] attended
  ARGV[1] call id
  ARGV[2] expected version; 0: the call was never stored, and only its detail records are appended
  ARGV[3] life of the marker (ms)
  ARGV[4] what is left to know of the call, for the marker
  ARGV[5…] detail records, each as id, kind, JSON
  Returns 1 finished, 0 conflict, -1 gone.
]]
local version, trunks = string.match(redis.call('GETRANGE', KEYS[1], 0, 511), '^(%d+)\n([^\n]*)\n')
if not version then
  -- Absent, or a head longer than what was read.
  version, trunks = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+)\n([^\n]*)\n')
end
if version == '0' or (not version and ARGV[2] ~= '0') then
  return -1
end
if version and version ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], '0\n\n' .. ARGV[4], 'PX', ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[7], ARGV[1])
for trunk in string.gmatch(trunks or '', '[^\31]+') do
  if redis.call('HINCRBY', KEYS[3], trunk, -1) <= 0 then
    redis.call('HDEL', KEYS[3], trunk)
  end
end
for index = 5, #ARGV, 3 do
  -- Records of emergency calls are kept apart: other people read them, for longer.
  local stream = ARGV[index + 1] == 'emergency' and KEYS[6] or KEYS[5]
  redis.call('XADD', stream, '*', 'id', ARGV[index], 'kind', ARGV[index + 1], 'json', ARGV[index + 2])
end
return 1
