--[[
  Makes the copied rows the published edition of the location database, if the draft they were copied from still stands and they are all of it: a Redis
  that took over while rows were copied may lack some of the copy, or some of the draft.
  KEYS[1] copied rows; missing: the edition has none
  KEYS[2] published rows
  KEYS[3] where the old edition goes
  KEYS[4] state
  KEYS[5] lock of whoever is publishing
  KEYS[6] draft
  ARGV[1] revision of the draft
  ARGV[2] author
  ARGV[3] time (epoch ms)
  ARGV[4] token of the lock
  Returns the version, 0 when the draft changed, -1 when rows of it are not in the copy, -2 when the lock is another's or lapsed.
]]
if redis.call('GET', KEYS[5]) ~= ARGV[4] then
  return -2
end
if redis.call('HGET', KEYS[4], 'revision') ~= ARGV[1] then
  return 0
end
if redis.call('HLEN', KEYS[1]) ~= redis.call('HLEN', KEYS[6]) then
  return -1
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('RENAME', KEYS[2], KEYS[3])
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[4], 'publishedRevision', ARGV[1], 'author', ARGV[2], 'atMs', ARGV[3])
return redis.call('HINCRBY', KEYS[4], 'version', 1)
