--[[
  Makes the copied rows the published edition of the location database, if the draft they were copied from still stands.
  KEYS[1] copied rows; missing: the edition has none
  KEYS[2] published rows
  KEYS[3] where the old edition goes
  KEYS[4] state
  ARGV[1] revision of the draft
  ARGV[2] author
  ARGV[3] time (epoch ms)
  Returns the version, 0 when the draft changed.
]]
if redis.call('HGET', KEYS[4], 'revision') ~= ARGV[1] then
  return 0
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
