--[[
  Sets when the entries of an emergency call lapse. An entry that a newer call took over is left alone.
  KEYS[1] entries   KEYS[2] lapses   KEYS[3] holders of ELINs   KEYS[4] revision
  ARGV[1] now (epoch ms)
  ARGV[2] end of the entries (epoch ms); not after now: they go at once
  ARGV[3] call id
  ARGV[4] ELIN lent; empty: none
  ARGV[5] the caller, by his number
  ARGV[6] channel to publish the change on
  ARGV[7…] keys of the numbers
  Returns how many entries were the call's.
]]
local now, until_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = 0
for index = 7, #ARGV do
  local key = ARGV[index]
  local text = redis.call('HGET', KEYS[1], key)
  local call_id, json = string.match(text or '', '^%d+\n([^\n]*)\n(.*)$')
  if call_id == ARGV[3] then
    found = found + 1
    if until_ms > now then
      redis.call('HSET', KEYS[1], key, ARGV[2] .. '\n' .. call_id .. '\n' .. json)
      redis.call('ZADD', KEYS[2], ARGV[2], key)
    else
      redis.call('HDEL', KEYS[1], key)
      redis.call('ZREM', KEYS[2], key)
    end
  end
end
if ARGV[4] ~= '' then
  local holder = ARGV[4] .. '\31' .. ARGV[5] .. '\31' .. ARGV[3]
  if until_ms <= now then
    redis.call('ZREM', KEYS[3], holder)
  elseif redis.call('ZSCORE', KEYS[3], holder) then
    redis.call('ZADD', KEYS[3], ARGV[2], holder)
  end
end
redis.call('INCR', KEYS[4])
redis.call('PUBLISH', ARGV[6], '')
return found
