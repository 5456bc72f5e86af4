import { isIPv6 } from "node:net";
import type { TracedMessage } from "@tandem/sip-endpoint";

/** Who captured a packet, as the capture server shows it. */
export interface CaptureAgent {
  /** Number of the capture agent, 0 to 4 294 967 295. */
  readonly id: number;
  /** The server's key, if it asks for one. */
  readonly key: string | null;
}

/** Generic chunk types of HEP version 3 (vendor 0). */
const CHUNK = {
  ipFamily: 0x01,
  ipProtocol: 0x02,
  sourceIpv4: 0x03,
  destinationIpv4: 0x04,
  sourceIpv6: 0x05,
  destinationIpv6: 0x06,
  sourcePort: 0x07,
  destinationPort: 0x08,
  seconds: 0x09,
  microseconds: 0x0a,
  protocolType: 0x0b,
  agentId: 0x0c,
  key: 0x0e,
  payload: 0x0f,
  correlationId: 0x11,
} as const;

/** Address families as sockets name them on the systems HEP comes from. */
const FAMILY = { ipv4: 2, ipv6: 10 } as const;
/** IANA protocol numbers; TLS is captured as what it carried, over TCP. */
const PROTOCOL = { udp: 17, tcp: 6, tls: 6 } as const;
const SIP = 1;
const HEADER_BYTES = 6;
const CHUNK_HEADER_BYTES = 6;
/** What a UDP datagram over IPv4 carries at most. */
const MOST_PACKET_BYTES = 65_507;

/**
 * A HEP version 3 packet: `HEP3`, its length, then chunks of (vendor, type, length, data), all numbers in network order. Null when it would exceed the
 * 65 507 bytes of a datagram.
 */
export function hepPacket(message: TracedMessage, agent: CaptureAgent): Buffer | null {
  const isSent = message.direction === "sent";
  const local = { address: message.localAddress, port: message.localPort };
  const peer = { address: message.address, port: message.port };
  const [source, destination] = isSent ? [local, peer] : [peer, local];
  const callId = callIdOf(message.text);
  // Before any length is written: those of chunks have 16 bits.
  const longParts = message.text.length + (callId?.length ?? 0) + Buffer.byteLength(agent.key ?? "");
  if (longParts > MOST_PACKET_BYTES) return null;
  const chunks = [
    ...addressChunks(source.address, destination.address),
    number(CHUNK.ipProtocol, PROTOCOL[message.transport], 1),
    number(CHUNK.sourcePort, source.port, 2),
    number(CHUNK.destinationPort, destination.port, 2),
    number(CHUNK.seconds, Math.floor(message.atMs / 1_000), 4),
    number(CHUNK.microseconds, Math.floor((message.atMs % 1_000) * 1_000), 4),
    number(CHUNK.protocolType, SIP, 1),
    number(CHUNK.agentId, agent.id, 4),
    ...(agent.key === null ? [] : [chunk(CHUNK.key, Buffer.from(agent.key, "utf8"))]),
    ...(callId === null ? [] : [chunk(CHUNK.correlationId, Buffer.from(callId, "latin1"))]),
    chunk(CHUNK.payload, Buffer.from(message.text, "latin1")),
  ];
  const header = Buffer.from("HEP3\0\0", "latin1");
  const packet = Buffer.concat([header, ...chunks]);
  if (packet.length > MOST_PACKET_BYTES) return null;
  packet.writeUInt16BE(packet.length, HEADER_BYTES - 2);
  return packet;
}

/** Both ends are of one family: a socket has one. */
function addressChunks(source: string, destination: string): readonly Buffer[] {
  if (!isIPv6(source)) {
    return [
      number(CHUNK.ipFamily, FAMILY.ipv4, 1),
      chunk(CHUNK.sourceIpv4, ipv4Bytes(source)),
      chunk(CHUNK.destinationIpv4, ipv4Bytes(destination)),
    ];
  }
  return [
    number(CHUNK.ipFamily, FAMILY.ipv6, 1),
    chunk(CHUNK.sourceIpv6, ipv6Bytes(source)),
    chunk(CHUNK.destinationIpv6, ipv6Bytes(destination)),
  ];
}

function ipv4Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  for (const [place, part] of address.split(".").slice(0, 4).entries()) bytes[place] = Number(part);
  return bytes;
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const groups = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").flatMap(groupOf);
  const [first, last] = [groups(head), groups(tail)];
  const bytes = Buffer.alloc(16);
  for (const [place, group] of first.entries()) bytes.writeUInt16BE(group, place * 2);
  for (const [place, group] of last.entries()) bytes.writeUInt16BE(group, 16 - (last.length - place) * 2);
  return bytes;
}

/** The last group may be written as an IPv4 address. */
function groupOf(text: string): number[] {
  if (!text.includes(".")) return [Number.parseInt(text, 16)];
  const bytes = ipv4Bytes(text);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}

function number(type: number, value: number, bytes: 1 | 2 | 4): Buffer {
  const data = Buffer.alloc(bytes);
  data.writeUIntBE(value, 0, bytes);
  return chunk(type, data);
}

function chunk(type: number, data: Buffer): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.writeUInt16BE(type, 2);
  header.writeUInt16BE(CHUNK_HEADER_BYTES + data.length, 4);
  return Buffer.concat([header, data]);
}

/** Call-ID by a look at the text: the message is not parsed again for it. */
function callIdOf(text: string): string | null {
  return /^(?:call-id|i)[ \t]*:[ \t]*(\S+)/im.exec(text)?.[1] ?? null;
}
