import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameDecoder, type FrameFault, type WireEncoding } from "./frame-decoder.ts";

function decoder(encoding: WireEncoding = "latin1", maxFrameBytes = 1000): FrameDecoder {
  return new FrameDecoder({ encoding, maxFrameBytes });
}

function decode(subject: FrameDecoder, chunks: readonly Buffer[]): { frames: string[]; fault: FrameFault | null } {
  const frames: string[] = [];
  for (const chunk of chunks) {
    const fault = subject.push(chunk, (payload) => {
      frames.push(payload);
      return true;
    });
    if (fault !== null) return { frames, fault };
  }
  return { frames, fault: null };
}

/** The bytes cut at the given positions (taken modulo the length). */
function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const at = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

describe("FrameDecoder", () => {
  test("frames split anywhere come out whole, in order, in both encodings", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), { maxLength: 8 }),
        fc.array(fc.nat(600), { maxLength: 20 }),
        fc.constantFrom<WireEncoding>("utf8", "latin1"),
        (texts, cuts, encoding) => {
          const octets = texts.map((text) => Buffer.from(text, "utf8").toString("latin1"));
          const stream = Buffer.concat(
            octets.flatMap((text) => {
              const payload = Buffer.from(text, encoding);
              return [Buffer.from(`${payload.length}#`), payload];
            }),
          );
          const result = decode(decoder(encoding), cut(stream, cuts));
          expect(result).toEqual({ frames: octets, fault: null });
        },
      ),
    );
  });

  test.each<[string, string, FrameFault]>([
    ["no digits", "#abc", "bad-length"],
    ["a zero length", "0#", "bad-length"],
    ["a letter among the digits", "1a#x", "bad-length"],
    ["a negative length", "-5#hello", "bad-length"],
    ["a line end before the length", "\r\n5#hello", "bad-length"],
    ["digits without end", "00000000000000000000", "bad-length"],
    ["a length above the bound", "1001#", "frame-too-large"],
    ["a length beyond what a number holds", "99999999999999999999#", "frame-too-large"],
  ])("%s is a fault", (_name, bytes, fault) => {
    expect(decode(decoder(), [Buffer.from(bytes)])).toEqual({ frames: [], fault });
    const bytewise = [...Buffer.from(bytes)].map((byte) => Buffer.from([byte]));
    expect(decode(decoder(), bytewise).fault).toBe(fault);
  });

  test("a frame of exactly the bound passes", () => {
    const payload = "x".repeat(1000);
    expect(decode(decoder(), [Buffer.from(`1000#${payload}`)])).toEqual({ frames: [payload], fault: null });
  });

  test("a fault keeps the frames before it", () => {
    expect(decode(decoder(), [Buffer.from("2#ok?")])).toEqual({ frames: ["ok"], fault: "bad-length" });
  });

  test("with octets, a character beyond U+00FF is a fault: it would be another octet, perhaps CR, on the SIP side", () => {
    const payload = Buffer.from("x\u010dy", "utf8");
    expect(decode(decoder("utf8"), [Buffer.concat([Buffer.from("4#"), payload])]).fault).toBe("not-octets");
  });

  test("with octets, bytes that are no UTF-8 are a fault", () => {
    expect(decode(decoder("utf8"), [Buffer.from([0x32, 0x23, 0xff, 0xfe])]).fault).toBe("not-octets");
  });

  test("the consumer may stop: nothing more of the chunk is delivered", () => {
    const seen: string[] = [];
    decoder().push(Buffer.from("1#a1#b"), (payload) => {
      seen.push(payload);
      return false;
    });
    expect(seen).toEqual(["a"]);
  });

  test("midFrame tells an incomplete frame from a quiet line", () => {
    const subject = decoder();
    const steps = ["1", "0#abc", "defghij", "3"].map((text) => {
      subject.push(Buffer.from(text), () => true);
      return subject.midFrame;
    });
    expect(steps).toEqual([true, true, false, true]);
  });
});
