import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noticeFields, noticeSubject, noticeText, type EmergencyNotice } from "./notice.ts";

const notice: EmergencyNotice = {
  callId: "c1",
  atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  pool: "east",
  ingressTrunk: "core",
  callerUri: "sip:2001@core.example",
  callerName: "Ann Example",
  callbackNumber: "+12125550100",
  number: "911",
  service: "urn:service:sos",
  test: false,
  policy: "headquarters",
  site: "new-york",
  erl: "ny-3",
  elin: "+12125550999",
  location: {
    kind: "value",
    method: "Manual",
    civic: { country: "US", a1: "NY", a3: "New York", rd: "Broadway", hno: "1", flr: "3", room: "317", pc: "10004" },
    references: ["https://lis.example/r/1"],
  },
  targets: ["desk"],
};

describe("a notification", () => {
  test("says what, who, the callback number, every element of the address and the method", () => {
    expect(Object.fromEntries(noticeFields(notice))).toMatchObject({
      Event: "emergency call",
      Number: "911",
      CallbackNumber: "+12125550100",
      method: "Manual",
      country: "US",
      A1: "NY",
      A3: "New York",
      RD: "Broadway",
      HNO: "1",
      FLR: "3",
      ROOM: "317",
      PC: "10004",
      LocationURI: "https://lis.example/r/1",
      Time: "2026-01-02T03:04:05.000Z",
    });
  });

  test("leaves out what is not known", () => {
    const location = { kind: "none", method: null, civic: null, references: [] };
    const bare = { ...notice, site: null, erl: null, elin: null, callerName: "", location };
    const names = noticeFields(bare).map(([name]) => name);
    expect(names).toEqual(["Event", "Number", "Service", "Time", "CallerURI", "CallbackNumber", "Location", "CallId"]);
  });

  test("of a test call says TEST in its subject and first in its text", () => {
    const tested = { ...notice, test: true, number: "933" };
    expect(noticeSubject(tested)).toBe("TEST: Emergency call to 933 from Ann Example +12125550100 at new-york");
    expect(noticeText(tested)).toMatch(/^TEST - no emergency\r\nEvent: TEST emergency call\r\n/);
    expect(noticeText(notice)).not.toContain("TEST");
  });

  test("has a subject for a caller nobody knows", () => {
    const unknown = { ...notice, callerName: "", callbackNumber: "", site: null };
    expect(noticeSubject(unknown)).toBe("Emergency call to 911 from an unknown caller");
  });

  test("has a subject of one line, whatever the caller writes", () => {
    const hostile = { ...notice, callerName: "Ann\r\nBcc: all@example.net", site: null };
    expect(noticeSubject(hostile)).toBe("Emergency call to 911 from Ann Bcc: all@example.net +12125550100");
  });

  test("is one line for each value, whatever the caller writes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const lines = noticeText({ ...notice, callerName: name, location: { ...notice.location, civic: { a1: name } } })
          .split("\r\n")
          .slice(0, -1);
        expect(lines.every((line) => /^\w+: [^\r\n]*$/.test(line))).toBe(true);
      }),
    );
  });
});
