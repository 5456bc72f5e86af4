--[[
  Takes or renews an emergency call's place on a trunk, which is never refused. Where all places are taken, the oldest ordinary call loses its own.
  KEYS[1] leases of ordinary calls   KEYS[2] places of emergency calls   KEYS[3] ordinary calls by the time they took their lease
  ARGV[1] call id
  ARGV[2] most calls at once, 0 = no limit
  ARGV[3] 1: the oldest ordinary call gives way; 0: the limit does
  ARGV[4] now (epoch ms)
  ARGV[5] end of the place (epoch ms)
  Returns the id of the call that lost its place, which is to be ended, or an empty string.
]]
local now = tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
-- An ordinary call that was transferred to an emergency number: the place it has becomes this one, and nobody takes it from it any more.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local victim = ''
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  local max_calls = tonumber(ARGV[2])
  local taken = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2])
  if max_calls > 0 and taken >= max_calls and ARGV[3] == '1' then
    -- Entries whose lease lapsed or was given back meanwhile fall away here.
    local oldest = redis.call('ZPOPMIN', KEYS[3])
    while oldest[1] and victim == '' do
      if redis.call('ZREM', KEYS[1], oldest[1]) == 1 then
        victim = oldest[1]
      else
        oldest = redis.call('ZPOPMIN', KEYS[3])
      end
    end
  end
end
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
local life = tonumber(ARGV[5]) - now + 60000
if redis.call('PTTL', KEYS[2]) < life then
  redis.call('PEXPIRE', KEYS[2], life)
end
return victim
