--[[
  Adds rows to the draft of the location database, or replaces those of the same key.
  KEYS[1] draft
  KEYS[2] state
  ARGV[1..] key, row, key, row…
  Returns the revision of the draft.
]]
redis.call('HSET', KEYS[1], unpack(ARGV))
return redis.call('HINCRBY', KEYS[2], 'revision', 1)
