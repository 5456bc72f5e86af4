import { describe, expect, it } from "vitest";
import { Conference } from "./conference.ts";
import { decodeG711, encodeG711 } from "./g711.ts";
import { readRtp, writeRtp, type RtpPacket } from "./rtp-packet.ts";
import type { Format } from "./voice.ts";

const START = { ssrc: 7, sequence: 65_535, timestamp: 1_000 };
const FORMATS = new Map<number, Format>([
  [0, "PCMU"],
  [101, "telephone-event"],
]);

function conference(names: readonly string[]): Conference {
  const made = new Conference();
  for (const name of names) {
    made.add(name, START);
    made.use(name, { hears: FORMATS, says: FORMATS });
  }
  return made;
}

function said(value: number, timestamp = 0): RtpPacket {
  const payload = encodeG711("PCMU", new Int32Array(160).fill(value));
  return { payloadType: 0, marker: false, sequence: 1, timestamp, ssrc: 1, payload };
}

/** What each hears in the frame in which the first packets come out, rounded as G.711 does. */
function heard(made: Conference): Readonly<Record<string, number>> {
  made.tick();
  made.tick();
  return Object.fromEntries(made.tick().map(({ to, packet }) => [to, decodeG711("PCMU", packet.payload)[0] ?? 0]));
}

describe("a conference", () => {
  it("lets each hear the sum of the others, and never itself", () => {
    const made = conference(["caller", "psap", "desk"]);
    made.hear("caller", said(1_000));
    made.hear("psap", said(4_000));
    made.hear("desk", said(-500));
    const { caller = 0, psap = 0, desk = 0 } = heard(made);
    // A step of the law is a twentieth at most.
    expect([caller / 3_500, psap / 500, desk / 5_000].map((part) => Math.round(part * 10))).toEqual([10, 10, 10]);
  });

  it("cuts off what is too loud together", () => {
    const made = conference(["caller", "psap", "desk"]);
    made.hear("caller", said(30_000));
    made.hear("psap", said(30_000));
    expect(heard(made)["desk"]).toBe(32_124);
  });

  it("sends silence while nobody speaks, in one stream without gaps", () => {
    const made = conference(["caller", "psap"]);
    const packets = [1, 2, 3].flatMap(() => made.tick().flatMap(({ to, packet }) => (to === "psap" ? [packet] : [])));
    expect(packets.map(({ sequence }) => sequence)).toEqual([65_535, 0, 1]);
    expect(packets.map(({ timestamp }) => timestamp)).toEqual([1_160, 1_320, 1_480]);
    expect(packets.map(({ marker }) => marker)).toEqual([true, false, false]);
    expect(new Set(packets.flatMap(({ payload }) => [...payload]))).toEqual(new Set([0xff]));
  });

  it("passes a digit to all others with one timestamp, and no audio beside it (RFC 4733 §2.2.1)", () => {
    const made = conference(["caller", "psap", "desk"]);
    const digit = { ...said(0, 5_000), payloadType: 101, marker: true, payload: Uint8Array.of(5, 10, 1, 64) };
    const first = made.hear("caller", digit) ?? [];
    expect(first.map(({ to }) => to)).toEqual(["psap", "desk"]);
    expect(made.tick().map(({ to }) => to)).toEqual(["caller"]);
    const second = made.hear("caller", { ...digit, marker: false }) ?? [];
    expect(new Set([...first, ...second].map(({ packet }) => packet.timestamp)).size).toBe(1);
    for (let frame = 0; frame < 5; frame += 1) made.tick();
    expect(made.tick().map(({ to }) => to)).toEqual(["caller", "psap", "desk"]);
  });

  it("lets a mute one hear, and a deaf one speak", () => {
    const made = conference(["caller", "psap", "desk"]);
    made.use("desk", { hears: new Map(), says: FORMATS });
    made.use("psap", { hears: FORMATS, says: new Map() });
    expect(made.hear("desk", said(9_000))).toBeNull();
    made.hear("psap", said(2_000));
    const { caller = 0, psap, desk = 0 } = heard(made);
    expect([Math.round(caller / 100), psap, Math.round(desk / 100)]).toEqual([20, undefined, 20]);
  });

  it("takes comfort noise (RFC 3389) for a sign of life and for silence, and sends none", () => {
    const noisy = new Map<number, Format>([[13, "CN"], ...FORMATS]);
    const made = conference(["caller", "psap"]);
    for (const name of ["caller", "psap"]) made.use(name, { hears: noisy, says: noisy });
    expect(made.hear("caller", { ...said(0), payloadType: 13, payload: Uint8Array.of(50) })).toEqual([]);
    expect(made.tick().map(({ packet }) => packet.payloadType)).toEqual([0, 0]);
    expect(heard(made)["psap"]).toBe(0);
  });

  it("makes nothing of a packet from nobody, or in no format agreed", () => {
    const made = conference(["caller"]);
    expect(made.hear("nobody", said(1))).toBeNull();
    expect(made.hear("caller", { ...said(1), payloadType: 96 })).toBeNull();
  });
});

describe("an RTP packet (RFC 3550 §5.1)", () => {
  it("is read as it was written, without sources, extension and padding", () => {
    const plain = writeRtp(said(1_000, 160));
    expect(readRtp(plain)).toMatchObject({ payloadType: 0, sequence: 1, timestamp: 160, ssrc: 1 });
    const head = Buffer.from(plain.subarray(0, 12));
    head.writeUInt8(0x80 | 0x20 | 0x10 | 1, 0);
    const rest = Buffer.from([0, 0, 0, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 42, 43, 0, 2]);
    expect([...(readRtp(Buffer.concat([head, rest]))?.payload ?? [])]).toEqual([42, 43]);
  });

  it.each([
    ["too short", Buffer.alloc(11)],
    ["of another version", Buffer.alloc(20)],
    ["with more padding than it has", Buffer.concat([Buffer.from([0xa0]), Buffer.alloc(11), Buffer.from([200])])],
    ["with an extension that is not there", Buffer.concat([Buffer.from([0x90]), Buffer.alloc(11)])],
  ])("is none when it is %s", (_, datagram) => {
    expect(readRtp(datagram)).toBeNull();
  });
});
