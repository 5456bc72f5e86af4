--[[
  Replaces the topology if the expected version still stands, and tells the watchers.
  KEYS[1] topology
  ARGV[1] expected version, 0 = none is published
  ARGV[2] document (JSON)
  ARGV[3] author
  ARGV[4] time (epoch ms)
  ARGV[5] channel of changes
  ARGV[6] digest of the topology file it comes from; empty: not from a file, and the last digest stays
  Returns the new version, 0 conflict.
]]
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version ~= tonumber(ARGV[1]) then
  return 0
end
version = version + 1
redis.call('HSET', KEYS[1], 'version', version, 'json', ARGV[2], 'author', ARGV[3], 'atMs', ARGV[4])
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[1], 'fileDigest', ARGV[6])
end
redis.call('PUBLISH', ARGV[5], version)
return version
