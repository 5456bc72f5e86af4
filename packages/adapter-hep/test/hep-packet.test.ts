import type { TracedMessage } from "@tandem/sip-endpoint";
import { describe, expect, test } from "vitest";
import { hepPacket, type CaptureAgent } from "../src/hep-packet.ts";
import { readHep } from "./read-hep.ts";

const OPTIONS = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: one@host\r\nSubject: caf\u00E9\r\n\r\n";
const received: TracedMessage = {
  direction: "received",
  atMs: 1_800_000_000_123.5,
  text: OPTIONS,
  transport: "udp",
  address: "192.0.2.7",
  port: 5_070,
  localAddress: "198.51.100.1",
  localPort: 5_060,
};
/** The packet of a message that fits. */
function packetOf(message: TracedMessage, from: CaptureAgent): Buffer {
  const packet = hepPacket(message, from);
  if (packet === null) throw new Error("no packet");
  return packet;
}

const agent = { id: 2_001, key: null };

describe("a HEP version 3 packet", () => {
  test("of a received message goes from the peer to us", () => {
    const chunks = readHep(packetOf(received, agent));
    expect(chunks.get(0x01)).toEqual(Buffer.from([2]));
    expect(chunks.get(0x02)).toEqual(Buffer.from([17]));
    expect(chunks.get(0x03)).toEqual(Buffer.from([192, 0, 2, 7]));
    expect(chunks.get(0x04)).toEqual(Buffer.from([198, 51, 100, 1]));
    expect(chunks.get(0x07)?.readUInt16BE()).toBe(5_070);
    expect(chunks.get(0x08)?.readUInt16BE()).toBe(5_060);
    expect(chunks.get(0x09)?.readUInt32BE()).toBe(1_800_000_000);
    expect(chunks.get(0x0a)?.readUInt32BE()).toBe(123_500);
    expect(chunks.get(0x0b)).toEqual(Buffer.from([1]));
    expect(chunks.get(0x0c)?.readUInt32BE()).toBe(2_001);
    expect(chunks.has(0x0e)).toBe(false);
  });

  test("of a sent message goes from us to the peer", () => {
    const chunks = readHep(packetOf({ ...received, direction: "sent", transport: "tls" }, agent));
    expect(chunks.get(0x02)).toEqual(Buffer.from([6]));
    expect(chunks.get(0x03)).toEqual(Buffer.from([198, 51, 100, 1]));
    expect(chunks.get(0x07)?.readUInt16BE()).toBe(5_060);
  });

  test("holds the message byte for byte and its Call-ID, and the key if there is one", () => {
    const chunks = readHep(packetOf(received, { id: 1, key: "s3cret" }));
    expect(chunks.get(0x0f)).toEqual(Buffer.from(OPTIONS, "latin1"));
    expect(chunks.get(0x11)?.toString()).toBe("one@host");
    expect(chunks.get(0x0e)?.toString()).toBe("s3cret");
  });

  test.each([
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::a:b", "20010db80000000000000000000a000b"],
    ["2001:db8:0:1:2:3:4:5", "20010db8000000010002000300040005"],
    ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201"],
  ])("writes the IPv6 address %s as %s", (address, hex) => {
    const chunks = readHep(packetOf({ ...received, address, localAddress: "2001:db8::1" }, agent));
    expect(chunks.get(0x01)).toEqual(Buffer.from([10]));
    expect(chunks.get(0x05)?.toString("hex")).toBe(hex);
  });

  test("of a message with a compact Call-ID knows it too, of one without has none", () => {
    const compact = OPTIONS.replace("Call-ID", "i");
    expect(
      readHep(packetOf({ ...received, text: compact }, agent))
        .get(0x11)
        ?.toString(),
    ).toBe("one@host");
    expect(readHep(packetOf({ ...received, text: "\r\n\r\n" }, agent)).has(0x11)).toBe(false);
  });

  test.each([
    ["a long Call-ID, which is there twice", `OPTIONS sip:a@b SIP/2.0\r\nCall-ID: ${"x".repeat(64_900)}\r\n\r\n`],
    ["more than a chunk can say", "x".repeat(65_530)],
    ["one byte too many", "x".repeat(longestText() + 1)],
  ])("is not made of a message with %s", (_what, text) => {
    expect(hepPacket({ ...received, text }, agent)).toBeNull();
  });

  test("may be as long as a UDP datagram over IPv4", () => {
    expect(packetOf({ ...received, text: "x".repeat(longestText()) }, agent)).toHaveLength(65_507);
  });
});

/** Bytes of text without a Call-ID that fill a datagram. */
function longestText(): number {
  return 65_507 - packetOf({ ...received, text: "" }, agent).length;
}
