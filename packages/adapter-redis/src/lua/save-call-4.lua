--[[
  Compare-and-set of a call's record; loads follow the trunks.
  KEYS[1] record   KEYS[2] deadlines   KEYS[3] loads   KEYS[4] attended
  ARGV[1] call id
  ARGV[2] expected version
  ARGV[3] record text (expected version + 1)
  ARGV[4] deadline (epoch ms)
  ARGV[5] life of the record (ms)
  ARGV[6] trunks the call occupies from now on, separated by 0x1F
  ARGV[7] how long its caller, who waits, counts as attended to (ms); 0: none waits
  Returns 1 saved, 0 conflict, -1 gone, -2 no such call, and none that is remembered.
]]
local version, trunks = string.match(redis.call('GETRANGE', KEYS[1], 0, 511), '^(%d+)\n([^\n]*)\n')
if not version then
  -- Absent, or a head longer than what was read.
  version, trunks = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+)\n([^\n]*)\n')
end
if not version then
  return -2
end
if version == '0' then
  return -1
end
if version ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
if ARGV[7] ~= '0' then
  local clock = redis.call('TIME')
  redis.call('ZADD', KEYS[4], clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[7], ARGV[1])
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
if trunks ~= ARGV[6] then
  for trunk in string.gmatch(ARGV[6], '[^\31]+') do
    redis.call('HINCRBY', KEYS[3], trunk, 1)
  end
  for trunk in string.gmatch(trunks, '[^\31]+') do
    if redis.call('HINCRBY', KEYS[3], trunk, -1) <= 0 then
      redis.call('HDEL', KEYS[3], trunk)
    end
  end
end
return 1
