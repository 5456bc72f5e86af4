--[[
  Brings index and loads of a shard back in line with its records after records were lost (their safety lifetime ran out, or Redis evicted them).
  Takes time in proportion to the shard's calls; run only when an index entry without a record was met.
  KEYS[1] live   KEYS[2] deadlines   KEYS[3] loads
  ARGV[1] prefix of the shard's record keys (same hash tag)
  Returns the number of index entries that had no record.
]]
local orphans = 0
local loads = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local version, trunks = string.match(redis.call('GETRANGE', ARGV[1] .. id, 0, 4095), '^(%d+)\n([^\n]*)\n')
  if version and version ~= '0' then
    for trunk in string.gmatch(trunks, '[^\31]+') do
      loads[trunk] = (loads[trunk] or 0) + 1
    end
  else
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    orphans = orphans + 1
  end
end
redis.call('DEL', KEYS[3])
for trunk, count in pairs(loads) do
  redis.call('HSET', KEYS[3], trunk, count)
end
return orphans
