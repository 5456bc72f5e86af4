import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNotice } from "./kept-notice.ts";
import { noticeSubject, noticeText, type EmergencyNotice } from "./notice.ts";

const notice: EmergencyNotice = {
  callId: "c1",
  atMs: Date.UTC(2026, 10, 10, 14, 31, 4),
  pool: "east",
  ingressTrunk: "core",
  callerUri: "sip:2125550100@pbx.example.org",
  callerName: "Zoë",
  callbackNumber: "+12125550123",
  number: "911",
  service: "urn:service:sos",
  test: false,
  policy: "hq",
  site: null,
  erl: "ERL-7",
  elin: null,
  location: { kind: "value", method: "Manual", civic: { a1: "NY", hno: "7" }, references: ["https://lis/1"] },
  targets: ["desk"],
};
const otherwise = { callId: "1-0", atMs: 1_000 };
const parse = (value: object) => parseNotice(JSON.stringify(value), otherwise);

/** Another release's notice: without some of the fields, with others, and with some that are something else there. */
const ofAnotherRelease = fc
  .record({
    gone: fc.subarray(Object.keys(notice)),
    changed: fc.dictionary(fc.constantFrom(...Object.keys(notice)), fc.jsonValue(), { maxKeys: 4 }),
    more: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
  })
  .map(({ gone, changed, more }) => {
    const kept = Object.entries({ ...more, ...notice, ...changed }).filter(([name]) => !gone.includes(name));
    return {
      written: Object.fromEntries(kept),
      same: kept.filter(([name, value]) => notice[name as "pool"] === value),
    };
  });

describe("a notice that was kept", () => {
  test("is read as it was written", () => {
    expect(parse(notice)).toEqual(notice);
  });

  test("by another release can be told, with every field that is as it was, as long as it names the call or the number", () => {
    fc.assert(
      fc.property(ofAnotherRelease, fc.constantFrom("callId", "number"), ({ written, same }, named) => {
        const read = parse({ ...written, [named]: notice[named] });
        expect(read).toMatchObject({ ...Object.fromEntries(same), [named]: notice[named] });
        const told = { ...notice, ...read, targets: read?.targets ?? [] };
        expect(noticeText(told)).toContain("emergency call");
        expect(noticeSubject(told)).toContain("Emergency call to");
      }),
    );
  });

  test.each(Object.keys(notice))("without its %s is one", (name) => {
    const { [name as keyof EmergencyNotice]: _, ...others } = notice;
    expect(parse(others)).toMatchObject(others);
  });

  test("that names no call and no time has those it came with, and nobody's targets", () => {
    expect(parse({ number: "911" })).toMatchObject({ ...otherwise, number: "911", test: false, targets: null });
  });

  test("that does not say that it is a test is none", () => {
    expect(parse({ ...notice, test: "perhaps" })).toMatchObject({ test: false });
  });

  test.each([
    ["is no JSON", '{"callId":"c1'],
    ["is empty", ""],
    ["is nothing", "null"],
    ["is a list", '["c1"]'],
    ["says neither the call nor the number", '{"id":"x","atMs":1}'],
  ])("that %s is none", (_, json) => {
    expect(parseNotice(json, otherwise)).toBeNull();
  });
});
