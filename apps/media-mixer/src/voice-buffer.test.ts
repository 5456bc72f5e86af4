import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME_SAMPLES, VoiceBuffer } from "./voice-buffer.ts";

const packet = (value: number, length = FRAME_SAMPLES) => new Int16Array(length).fill(value);

/** What comes out, one number per frame; frames of several values are told as null. */
function taken(buffer: VoiceBuffer, frames: number): readonly (number | null)[] {
  return Array.from({ length: frames }, () => {
    const frame = buffer.take();
    return frame !== null && frame.every((sample) => sample === frame[0]) ? (frame[0] ?? null) : null;
  });
}

describe("a voice buffer", () => {
  it("holds back 40 ms, then gives what was said, in order, and nothing after", () => {
    const buffer = new VoiceBuffer();
    expect(buffer.take()).toBeNull();
    for (const [at, value] of [1, 3, 2].entries()) buffer.put(1, [0, 320, 160][at] ?? 0, packet(value));
    expect(taken(buffer, 6)).toEqual([0, 0, 1, 2, 3, null]);
  });

  it("puts silence where a packet is missing, and takes one that came twice once", () => {
    const buffer = new VoiceBuffer();
    for (const timestamp of [0, 0, 320]) buffer.put(1, timestamp, packet(7));
    expect(taken(buffer, 5)).toEqual([0, 0, 7, 0, 7]);
  });

  it("goes on where timestamps begin again at 0", () => {
    const buffer = new VoiceBuffer();
    for (const timestamp of [2 ** 32 - 160, 0, 160]) buffer.put(1, timestamp, packet(9));
    expect(taken(buffer, 5)).toEqual([0, 0, 9, 9, 9]);
  });

  it.each([
    ["another source", 2, 400_000],
    ["a jump forward", 1, 400_000],
    ["a jump back", 1, 3_000_000_000],
  ])("begins anew with %s", (_, ssrc, timestamp) => {
    const buffer = new VoiceBuffer();
    buffer.put(1, 160, packet(5));
    buffer.put(ssrc, timestamp, packet(6));
    expect(taken(buffer, 4)).toEqual([0, 0, 6, null]);
  });

  it("lets go what a faster clock piles up, so that nobody is heard later and later", () => {
    const buffer = new VoiceBuffer();
    let timestamp = 0;
    for (let frame = 0; frame < 2_000; frame += 1) {
      // One packet too many every two seconds.
      for (let times = frame % 100 === 0 ? 2 : 1; times > 0; times -= 1) buffer.put(1, (timestamp += 160), packet(1));
      buffer.take();
    }
    let held = 0;
    while (buffer.take() !== null) held += 1;
    expect(held).toBeLessThanOrEqual(6);
  });

  it("catches up within seconds with one whose packets came in a heap", () => {
    const buffer = new VoiceBuffer();
    let timestamp = 0;
    for (let packets = 0; packets < 30; packets += 1) buffer.put(1, (timestamp += 160), packet(1));
    for (let frame = 0; frame < 350; frame += 1) {
      buffer.put(1, (timestamp += 160), packet(1));
      buffer.take();
    }
    let held = 0;
    while (buffer.take() !== null) held += 1;
    expect(held).toBeLessThanOrEqual(6);
  });

  it("takes packets of any length in any order without failing", () => {
    const arrival = fc.record({
      timestamp: fc.nat(2 ** 32 - 1),
      length: fc.nat(9_000),
      ssrc: fc.nat(3),
      takes: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 50 }), (arrivals) => {
        const buffer = new VoiceBuffer();
        for (const { timestamp, length, ssrc, takes } of arrivals) {
          buffer.put(ssrc, timestamp, packet(1, length));
          for (let times = takes; times > 0; times -= 1) {
            const frame = buffer.take();
            expect(frame === null || frame.length === FRAME_SAMPLES).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
