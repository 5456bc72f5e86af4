import { describe, expect, test } from "vitest";
import {
  formatReplaces,
  formatVia,
  headerLocations,
  headerReasons,
  parseCSeq,
  parseEvent,
  parseMaxForwards,
  parseMediaType,
  parseMinSe,
  parseNameAddr,
  parseRAck,
  parseReplaces,
  parseRSeq,
  parseSessionExpires,
  parseUri,
  parseVia,
  topVia,
  uriHeader,
  withParameter,
} from "@tandem/sip";
import { withLines } from "./value-lines.ts";

describe("Via", () => {
  test("with everything", () => {
    const via = parseVia(
      "SIP / 2.0 / udp [2001:db8::9]:5061 ;rport=5062;Received=[2001:db8::1];branch=z9hG4bK1;ttl=16;maddr=m;x",
    );
    expect(via).toMatchObject({
      transport: "UDP",
      host: "[2001:db8::9]",
      port: 5061,
      branch: "z9hG4bK1",
      received: "2001:db8::1",
      rport: 5062,
      maddr: "m",
      ttl: 16,
    });
  });

  test("as text, with what was added to its parameters", () => {
    const via = parseVia("SIP/2.0/UDP h:5060;rport;branch=z9hG4bK1");
    expect(via?.rport).toBe("requested");
    const params = withParameter(withParameter(via?.params ?? [], "rport", "7"), "received", "192.0.2.1");
    expect(via && formatVia({ ...via, params })).toBe("SIP/2.0/UDP h:5060;rport=7;branch=z9hG4bK1;received=192.0.2.1");
  });

  test.each([
    "",
    "SIP/2.0",
    "SIP/2.0/UDP",
    "SIP/2.0/UDP ;branch=1",
    "SIP/3.0/UDP h",
    "HTTP/2.0/UDP h",
    "SIP/2.0/ h",
    "SIP/2.0/UDPh",
    "SIP/2.0/UDP h:",
    "SIP/2.0/UDP h:x",
    "SIP/2.0/UDP h:65536",
    "SIP/2.0/UDP [h]",
    "SIP/2.0/UDP h;;",
    "SIP/2.0/UDP h x",
  ])("%j is none", (value) => {
    expect(parseVia(value)).toBeUndefined();
  });

  test("the topmost of a list, not a later one's branch", () => {
    expect(topVia(withLines(["Via", "SIP/2.0/UDP a, SIP/2.0/UDP b;branch=2"]))?.branch).toBeUndefined();
    expect(topVia(withLines(["To", "x"]))).toBeUndefined();
  });
});

describe("numbers", () => {
  test.each([
    ["1 INVITE", { sequence: 1, method: "INVITE" }],
    ["0009 \t INVITE", { sequence: 9, method: "INVITE" }],
    ["2147483647 x", { sequence: 2_147_483_647, method: "x" }],
    ["4294967295 INVITE", { sequence: 4_294_967_295, method: "INVITE" }],
    ["4294967296 INVITE", undefined],
    ["-1 INVITE", undefined],
    ["1", undefined],
    ["1 INVITE x", undefined],
    ["1 IN,VITE", undefined],
    ["INVITE", undefined],
  ])("CSeq %j", (value, expected) => {
    expect(parseCSeq(value)).toEqual(expected);
  });

  test("RAck and RSeq (RFC 3262 §7)", () => {
    expect(parseRAck("776656 1 INVITE")).toEqual({ responseNumber: 776_656, sequence: 1, method: "INVITE" });
    expect(parseRAck("0 1 INVITE")).toBeUndefined();
    expect(parseRAck("1 1")).toBeUndefined();
    expect(parseRAck("1 1 INVITE x")).toBeUndefined();
    expect(parseRSeq("4294967295")).toBe(4_294_967_295);
    expect(parseRSeq("4294967296")).toBeUndefined();
    expect(parseRSeq("0")).toBeUndefined();
  });

  test("Max-Forwards", () => {
    expect([parseMaxForwards("0068"), parseMaxForwards("255"), parseMaxForwards("256"), parseMaxForwards("")]).toEqual([
      68,
      255,
      undefined,
      undefined,
    ]);
  });

  test.each([
    ["1800", { seconds: 1800, refresher: undefined }],
    ["1800 ;Refresher = UAS", { seconds: 1800, refresher: "uas" }],
    ["90;refresher=me", { seconds: 90, refresher: undefined }],
    ["x", undefined],
    ["90;;", undefined],
  ])("Session-Expires %j", (value, expected) => {
    expect(parseSessionExpires(value)).toEqual(expected);
  });

  test("Min-SE", () => {
    expect(parseMinSe("90;x=y")).toBe(90);
  });
});

describe("types and events", () => {
  test.each([
    ['Multipart/Mixed ; boundary="a b"', { name: "multipart/mixed", boundary: "a b" }],
    ["application / sdp", { name: "application/sdp", boundary: undefined }],
    ["application", undefined],
    ["/sdp", undefined],
    ["a/b;;", undefined],
  ])("Content-Type %j", (value, expected) => {
    const type = parseMediaType(value);
    if (expected === undefined) expect(type).toBeUndefined();
    else expect(type).toMatchObject(expected);
  });

  test("Event (RFC 6665)", () => {
    expect(parseEvent("presence.winfo;id=7")).toEqual({ name: "presence.winfo", id: "7" });
    expect(parseEvent(";id=7")).toBeUndefined();
  });
});

describe("reasons, dialogs, locations", () => {
  test("several Reason values, commas in text (RFC 3326)", () => {
    const message = withLines(
      ["Reason", 'SIP ;cause=200 ;text="Call completed, elsewhere",Q.850;cause=16'],
      ["Reason", "bad;;"],
    );
    expect(headerReasons(message)).toEqual([
      { protocol: "SIP", cause: 200, text: "Call completed, elsewhere" },
      { protocol: "Q.850", cause: 16, text: undefined },
    ]);
  });

  test.each([
    ["1@h;to-tag=a;from-tag=b", { callId: "1@h", toTag: "a", fromTag: "b", earlyOnly: false }],
    ["1@h ; FROM-TAG=b;early-only;to-tag=a", { callId: "1@h", toTag: "a", fromTag: "b", earlyOnly: true }],
    ["1@h;to-tag=a", undefined],
    [";to-tag=a;from-tag=b", undefined],
    ["1@h", undefined],
  ])("Replaces %j", (value, expected) => {
    expect(parseReplaces(value)).toEqual(expected);
  });

  test("Replaces inside Refer-To, and as text", () => {
    const refer = parseNameAddr("<sip:c@h?Replaces=1%40h%3Bto-tag%3Da%3Bfrom-tag%3Db%3Bearly-only>");
    const uri = parseUri(refer?.uri ?? "");
    const reference = parseReplaces((uri && uriHeader(uri, "Replaces")) ?? "");
    expect(reference).toEqual({ callId: "1@h", toTag: "a", fromTag: "b", earlyOnly: true });
    expect(reference && formatReplaces(reference)).toBe("1@h;to-tag=a;from-tag=b;early-only");
  });

  test("Geolocation by value and by reference (RFC 6442)", () => {
    const message = withLines(["Geolocation", "<cid:loc%2d1@h>, <https://lis/x,y>"]);
    expect(headerLocations(message)).toEqual([
      { kind: "value", uri: "cid:loc%2d1@h", contentId: "<loc-1@h>" },
      { kind: "reference", uri: "https://lis/x,y", contentId: undefined },
    ]);
  });
});
