import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeG711, encodeG711, type Law } from "./g711.ts";

const LAWS: readonly Law[] = ["PCMU", "PCMA"];

describe.each(LAWS)("%s", (law) => {
  it("comes back as the same octet", () => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const again = encodeG711(law, Int32Array.from(decodeG711(law, octets)));
    // There are two zeros in the µ-law; the negative one comes back as the other.
    const expected = octets.map((octet) => (law === "PCMU" && octet === 0x7f ? 0xff : octet));
    expect([...again]).toEqual([...expected]);
  });

  it("is never further off than its step, and cuts off what is too loud", () => {
    const sample = fc.integer({ min: -70_000, max: 70_000 });
    fc.assert(
      fc.property(sample, (said) => {
        const [heard = 0] = decodeG711(law, encodeG711(law, Int32Array.of(said)));
        const audible = Math.max(-32_768, Math.min(32_767, said));
        expect(Math.abs(heard - audible)).toBeLessThanOrEqual(
          Math.max(16, Math.abs(audible) / 30, Math.abs(said) > 32_000 ? 1_024 : 0),
        );
      }),
    );
  });
});

it("has the values of ITU-T G.711 at the ends of its scales", () => {
  expect([...decodeG711("PCMU", Uint8Array.of(0x00, 0x80, 0xff))]).toEqual([-32_124, 32_124, 0]);
  expect([...decodeG711("PCMA", Uint8Array.of(0x2a, 0xaa, 0xd5))]).toEqual([-32_256, 32_256, 8]);
});
