--[[
  Remembers who is behind an emergency call's numbers, and lends it an ELIN.
  KEYS[1] entries: key of the number → text   KEYS[2] lapses   KEYS[3] holders of ELINs   KEYS[4] when each ELIN was lent   KEYS[5] revision
  ARGV[1] now (epoch ms)
  ARGV[2] end of the entries (epoch ms)
  ARGV[3] call id
  ARGV[4] the caller, by his number
  ARGV[5] text of the entries: call id, newline, JSON
  ARGV[6] key of the callback number; empty: none
  ARGV[7] channel to publish the change on
  ARGV[8…] ELINs, each as its number and its key, in order of preference
  Returns the ELIN lent, or an empty string.
]]
local now, until_ms, call_id, caller = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], key)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)

local function put(key)
  redis.call('HSET', KEYS[1], key, until_ms .. '\n' .. ARGV[5])
  redis.call('ZADD', KEYS[2], until_ms, key)
end

local lent = ''
if #ARGV >= 8 then
  -- A holder is <ELIN> US <caller> US <call id>; two calls of one caller are one user.
  local users, counts, mine = {}, {}, {}
  for _, holder in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local elin, who = string.match(holder, '^([^\31]*)\31([^\31]*)\31')
    if elin then
      if who == caller then mine[elin] = true end
      if not users[elin .. '\31' .. who] then
        users[elin .. '\31' .. who] = true
        counts[elin] = (counts[elin] or 0) + 1
      end
    end
  end
  local best, best_key, best_count, best_since, kept
  for index = 8, #ARGV, 2 do
    local elin = ARGV[index]
    local count = counts[elin] or 0
    local since = tonumber(redis.call('HGET', KEYS[4], elin) or '0')
    local better = not best or count < best_count or (count == best_count and since < best_since)
    if mine[elin] and not kept then kept, better = true, true end
    if better and (mine[elin] or not kept) then
      best, best_key, best_count, best_since = elin, ARGV[index + 1], count, since
    end
  end
  lent = best
  redis.call('ZADD', KEYS[3], until_ms, lent .. '\31' .. caller .. '\31' .. call_id)
  redis.call('HSET', KEYS[4], lent, ARGV[1])
  put(best_key)
end
if ARGV[6] ~= '' then put(ARGV[6]) end
-- What nobody uses any more leaves nothing behind.
local life = math.max(tonumber(until_ms) - now, 0) + 86400000
for index = 1, 5 do
  if redis.call('PTTL', KEYS[index]) < life then redis.call('PEXPIRE', KEYS[index], life) end
end
redis.call('INCR', KEYS[5])
redis.call('PUBLISH', ARGV[7], '')
return lent
