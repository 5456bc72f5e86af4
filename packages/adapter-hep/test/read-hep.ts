/** A HEP packet taken apart, as a capture server would: chunk type → data. Throws when it is not well formed. */
export function readHep(packet: Buffer): ReadonlyMap<number, Buffer> {
  if (packet.toString("latin1", 0, 4) !== "HEP3") throw new Error("no HEP3 packet");
  if (packet.readUInt16BE(4) !== packet.length) throw new Error("the packet's length is wrong");
  const chunks = new Map<number, Buffer>();
  for (let place = 6; place < packet.length;) {
    if (packet.readUInt16BE(place) !== 0) throw new Error("a chunk of an unknown vendor");
    const length = packet.readUInt16BE(place + 4);
    if (length < 6 || place + length > packet.length) throw new Error("a chunk's length is wrong");
    chunks.set(packet.readUInt16BE(place + 2), packet.subarray(place + 6, place + length));
    place += length;
  }
  return chunks;
}
