import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRecord, joinTrunks, parseRecord } from "./call-record.ts";

describe("a record's text", () => {
  it("gives back version and document, whatever the document", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.stringMatching(/^[ -~]+$/)),
        fc.string({ unit: "binary" }),
        (version, trunks, document) => {
          const text = formatRecord(version, joinTrunks(trunks), document);
          expect(parseRecord("id", text)).toEqual({ callId: "id", version, document });
        },
      ),
    );
  });

  it.each([
    { text: null, why: "absent" },
    { text: "0\n\n", why: "over" },
    { text: "", why: "empty" },
    { text: "1\nno-second-line", why: "cut short" },
    { text: "x\n\n{}", why: "without a version" },
  ])("is no call when $why", ({ text }) => {
    expect(parseRecord("id", text)).toBeNull();
  });
});
