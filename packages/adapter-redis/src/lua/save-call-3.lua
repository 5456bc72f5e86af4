--[[
  Compare-and-set of a call's record; loads follow the trunks.
  KEYS[1] record   KEYS[2] deadlines   KEYS[3] loads
  ARGV[1] call id
  ARGV[2] expected version
  ARGV[3] record text (expected version + 1)
  ARGV[4] deadline (epoch ms)
  ARGV[5] life of the record (ms)
  ARGV[6] trunks the call occupies from now on, separated by 0x1F
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
