--[[
  Takes or renews an ordinary call's lease on a trunk. Lapsed leases count no more. A renewal is never refused and costs no rate.
  KEYS[1] leases   KEYS[2] rate   KEYS[3] calls by the time they took their lease   KEYS[4] places of emergency calls
  ARGV[1] call id
  ARGV[2] most ordinary calls at once, 0 = no limit
  ARGV[3] most new calls in any 1000 ms, 0 = no limit
  ARGV[4] now (epoch ms)
  ARGV[5] end of the lease (epoch ms)
  ARGV[6] places above the limit that are kept for emergency calls
  Returns 1 reserved, 0 full, -1 too fast.
]]
local now = tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  local max_calls = tonumber(ARGV[2])
  if max_calls > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
    local ordinary = redis.call('ZCARD', KEYS[1])
    -- Emergency calls use up what is kept for them first; further ones take the places of ordinary calls.
    local borrowed = math.max(0, redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[6]))
    if ordinary + borrowed >= max_calls then
      return 0
    end
  end
  local max_rate = tonumber(ARGV[3])
  if max_rate > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 1000)
    if redis.call('ZCARD', KEYS[2]) >= max_rate then
      return -1
    end
    redis.call('ZADD', KEYS[2], now, ARGV[1] .. ':' .. ARGV[4])
    redis.call('PEXPIRE', KEYS[2], 5000)
  end
  -- Who came first gives way first when an emergency call needs the place. Calls that left without a word are dropped as more than lapsed.
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - math.max(2 * redis.call('ZCARD', KEYS[1]), 1000))
  redis.call('ZADD', KEYS[3], now, ARGV[1])
end
redis.call('ZADD', KEYS[1], ARGV[5], ARGV[1])
-- A trunk that is no longer used leaves nothing behind.
local life = tonumber(ARGV[5]) - now + 60000
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], life)
end
if redis.call('PTTL', KEYS[3]) < life then
  redis.call('PEXPIRE', KEYS[3], life)
end
return 1
