--[[
  Makes the collected rows the draft of the location database; the draft there was is put aside, to be removed without holding anybody up. Rows that a
  Redis lost which gave way to another meanwhile, or that lapsed, are missed by their number.
  KEYS[1] collected rows; missing: the new draft has none
  KEYS[2] draft
  KEYS[3] where the old draft goes
  KEYS[4] state
  ARGV[1] number of rows that were collected
  Returns the revision of the draft, -1 when rows are missing.
]]
if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[1]) then
  return -1
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('RENAME', KEYS[2], KEYS[3])
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
return redis.call('HINCRBY', KEYS[4], 'revision', 1)
