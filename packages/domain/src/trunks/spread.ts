/**
 * A number in (0, 1), evenly spread and always the same for the same pair: the pure stand-in for chance in sharing calls among trunks.
 * FNV-1a over both texts, finished by the avalanche of MurmurHash3.
 */
export function spread(callId: string, name: string): number {
  let hash = 0x811c9dc5;
  for (const text of [callId, "\n", name]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return (hash + 0.5) / 0x1_0000_0000;
}
