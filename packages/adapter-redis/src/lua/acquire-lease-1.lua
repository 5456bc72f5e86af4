--[[
  Takes the lease when it is free or lapsed, renews it for its holder. Time is Redis's own.
  KEYS[1] lease
  ARGV[1] who asks
  ARGV[2] life of the lease (ms)
  Returns { 1 held by who asks or 0, epoch, holder }; the epoch grows with every change of holder.
]]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'until')
local holder, epoch, lapses = lease[1] or '', tonumber(lease[2] or '0'), tonumber(lease[3] or '0')
local free = holder == '' or lapses <= now
if not free and holder ~= ARGV[1] then
  return { 0, epoch, holder }
end
if free then
  epoch = epoch + 1
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', epoch, 'until', now + ARGV[2])
return { 1, epoch, ARGV[1] }
