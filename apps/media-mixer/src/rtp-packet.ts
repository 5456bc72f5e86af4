/** One RTP packet (RFC 3550 §5.1), as far as a mixer needs it. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  /** In samples, modulo 2^32. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

const HEAD_OCTETS = 12;

/** Reads a datagram; null when it is no RTP packet. */
export function readRtp(datagram: Buffer): RtpPacket | null {
  if (datagram.length < HEAD_OCTETS || datagram.readUInt8(0) >> 6 !== 2) return null;
  const first = datagram.readUInt8(0);
  const afterSources = HEAD_OCTETS + 4 * (first & 0x0f);
  const start = (first & 0x10) === 0 ? afterSources : afterExtension(datagram, afterSources);
  const padding = (first & 0x20) === 0 ? 0 : datagram.readUInt8(datagram.length - 1);
  const end = datagram.length - padding;
  if (start === null || end < start) return null;
  const second = datagram.readUInt8(1);
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, end),
  };
}

function afterExtension(datagram: Buffer, at: number): number | null {
  return datagram.length < at + 4 ? null : at + 4 + 4 * datagram.readUInt16BE(at + 2);
}

/** The packet as a datagram, without sources, extension or padding. */
export function writeRtp(packet: RtpPacket): Buffer {
  const head = Buffer.alloc(HEAD_OCTETS);
  head.writeUInt8(0x80, 0);
  head.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, 1);
  head.writeUInt16BE(packet.sequence & 0xffff, 2);
  head.writeUInt32BE(packet.timestamp >>> 0, 4);
  head.writeUInt32BE(packet.ssrc, 8);
  return Buffer.concat([head, packet.payload]);
}
