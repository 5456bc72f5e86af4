--[[
  Writes version 1 of a call unless the call id is known, be it live or lately over.
  KEYS[1] record   KEYS[2] deadlines   KEYS[3] loads   KEYS[4] live   KEYS[5] attended
  ARGV[1] call id
  ARGV[2] record text (version 1)
  ARGV[3] deadline (epoch ms)
  ARGV[4] life of the record (ms)
  ARGV[5] now (epoch ms)
  ARGV[6] how long its caller, who waits, counts as attended to (ms); 0: none waits
  ARGV[7…] trunks the call occupies, one per leg
  Returns 1 created, 0 exists.
]]
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[4]) then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
if ARGV[6] ~= '0' then
  local clock = redis.call('TIME')
  redis.call('ZADD', KEYS[5], clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[6], ARGV[1])
end
for index = 7, #ARGV do
  redis.call('HINCRBY', KEYS[3], ARGV[index], 1)
end
return 1
