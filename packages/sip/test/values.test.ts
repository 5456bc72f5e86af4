import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildRequest,
  firstOfList,
  formatNameAddr,
  formatParameters,
  formatReplaces,
  formatVia,
  getParameter,
  hasParameter,
  hasToken,
  headerAddresses,
  headerLocations,
  headerReasons,
  headerValues,
  parseCSeq,
  parseEvent,
  parseMaxForwards,
  parseMediaType,
  parseMinSe,
  parseNameAddr,
  parseParameters,
  parseRAck,
  parseReplaces,
  parseRSeq,
  parseSessionExpires,
  parseUri,
  parseVia,
  quote,
  readParameter,
  readTag,
  splitList,
  topVia,
  unquote,
  uriHeader,
  withParameter,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";
import { latin1Line, sipUri, token } from "./arbitraries.ts";

function withLines(...headers: HeaderLine[]): SipMessage {
  return buildRequest({ method: "INVITE", uri: "sip:a@b", headers });
}

describe("name-addr and addr-spec", () => {
  test.each([
    ["<sip:a@b>", { displayName: undefined, uri: "sip:a@b", params: [] }],
    ["sip:a@b;tag=1", { displayName: undefined, uri: "sip:a@b", params: [["tag", "1"]] }],
    ["sip:a@b", { uri: "sip:a@b", params: [] }],
    ["Alice Example <sip:a@b>;tag=1", { displayName: "Alice Example" }],
    ["caller<sip:a@b>", { displayName: "caller" }],
    ['"A \\"B\\" \\\\" <sip:a@b;x=1>;q=0.5', { displayName: 'A "B" \\', uri: "sip:a@b;x=1", params: [["q", "0.5"]] }],
    ['"a <sip:no@no>, ;tag=no" <sip:a@b>;tag=1', { uri: "sip:a@b", params: [["tag", "1"]] }],
    ['"" <sip:a@b>', { displayName: "" }],
    [
      '"A"<sip:a@b> ; tag = 1 ; lr',
      {
        params: [
          ["tag", "1"],
          ["lr", undefined],
        ],
      },
    ],
    ["< sip:a@b >", { uri: "sip:a@b" }],
    ["Bell, Alexander <sip:a@b>", { displayName: "Bell, Alexander" }],
    ["<tel:+1-555;phone-context=x>", { uri: "tel:+1-555;phone-context=x" }],
    ['sip:a@b;x="<,;>"', { uri: "sip:a@b", params: [["x", '"<,;>"']] }],
  ])("%s", (value, expected) => {
    expect(parseNameAddr(value)).toMatchObject(expected);
  });

  test.each([
    ["unclosed quotes (RFC 4475 §3.1.2.6)", '"A <sip:a@b>'],
    ["quotes inside an unquoted name", 'A "B" <sip:a@b>'],
    ["unclosed bracket", "<sip:a@b"],
    ["quoted name without an address", '"A" sip:a@b'],
    ["empty brackets", "<>"],
    ["empty", ""],
    ["parameters only", ";tag=1"],
    ["? without brackets (RFC 3261 §20)", "sip:a@b?Route=x"],
    ["comma without brackets", "sip:a,b@c"],
    ["text after the bracket", "<sip:a@b> x"],
    ["empty parameters (RFC 4475 §3.1.2.1)", "<sip:a@b>;;;;"],
    ["parameter value that does not close", '<sip:a@b>;x="y'],
  ])("unreadable: %s", (_fact, value) => {
    expect(parseNameAddr(value)).toBeUndefined();
  });

  test("any display name, URI and parameters come back from their text", () => {
    fc.assert(
      fc.property(fc.option(latin1Line, { nil: undefined }), sipUri, token, (displayName, uri, tag) => {
        const address = {
          displayName,
          uri,
          params: [
            ["tag", tag],
            ["lr", undefined],
          ] as const,
        };
        expect(parseNameAddr(formatNameAddr(address))).toEqual(address);
      }),
    );
  });
});

describe("parameters", () => {
  test("are read in linear time behind a quote that never closes, whatever is escaped in it", () => {
    const value = `"${'\\"'.repeat(30_000)} <sip:a@b>;tag=x`;
    const startMs = performance.now();
    for (let time = 0; time < 3; time += 1) expect(readTag(value)).toBe("x");
    // Some ms; more than ten seconds if every escaped quote is looked for to the end.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  test.each([
    ["", []],
    [";a", [["a", undefined]]],
    [
      ' ; a = 1;b="x;y" ;c=[::1]',
      [
        ["a", "1"],
        ["b", '"x;y"'],
        ["c", "[::1]"],
      ],
    ],
    [";a=", [["a", ""]]],
  ])("%j", (text, expected) => {
    expect(parseParameters(text)).toEqual(expected);
  });

  test.each(["a", ";", ";;a", ";a;", ";=1", ';a="', ";a b", ";a@=1"])("%j is none", (text) => {
    expect(parseParameters(text)).toBeUndefined();
  });

  test("reading and changing one", () => {
    const list = parseParameters(';Tag="a b";lr') ?? [];
    expect(getParameter(list, "tag")).toBe("a b");
    expect(getParameter(list, "lr")).toBeUndefined();
    expect(hasParameter(list, "LR")).toBe(true);
    expect(formatParameters(withParameter(list, "tag", "x"))).toBe(";Tag=x;lr");
    expect(formatParameters(withParameter(list, "new"))).toBe(';Tag="a b";lr;new');
  });

  test.each([
    ['"A;tag=no" <sip:a@b;tag=no>;Tag = yes', "yes"],
    ["sip:a@b;tags=1;tag=2,x", "2"],
    ['<sip:a@b>;x=";tag=no"', undefined],
    ["<sip:a@b>;tag", undefined],
    ["<sip:a@b>;tag=", undefined],
    ['"unclosed ;tag=yes', "yes"],
  ])("tag of %s", (value, expected) => {
    expect(readTag(value)).toBe(expected);
  });

  test("a quoted value is read with its quotes", () => {
    expect(readParameter('SIP;text="a;b"', "text")).toBe('"a;b"');
    expect(readParameter('SIP;text="a;b', "text")).toBeUndefined();
  });

  test("quote and unquote are inverse", () => {
    fc.assert(
      fc.property(latin1Line, (text) => {
        expect(unquote(quote(text))).toBe(text);
      }),
    );
    expect(unquote("plain")).toBe("plain");
    expect(quote("a\r\nb")).toBe('"a b"');
  });
});

describe("lists", () => {
  test.each([
    ["a, b ,c", ["a", "b", "c"]],
    ['"a,b" <sip:x,y>;z="q,r", <sip:c>', ['"a,b" <sip:x,y>;z="q,r"', "<sip:c>"]],
    [",a,,b,", ["a", "b"]],
    ["", []],
    ['"\\",",b', ['"\\","', "b"]],
    ['"open, a', ['"open, a']],
    ["<open, a", ["<open, a"]],
  ])("%j", (value, expected) => {
    expect(splitList(value)).toEqual(expected);
    expect(firstOfList(value)).toBe(expected[0] ?? "");
  });

  test("several lines and commas are one list (RFC 3261 §7.3.1)", () => {
    const message = withLines(
      ["Route", "<sip:1>, <sip:2>"],
      ["Supported", "100rel"],
      ["Route", "<sip:3>"],
      ["k", "Timer"],
    );
    expect(headerValues(message, "route")).toEqual(["<sip:1>", "<sip:2>", "<sip:3>"]);
    expect(hasToken(message, "Supported", "timer")).toBe(true);
    expect(hasToken(message, "Supported", "time")).toBe(false);
    expect(hasToken(message, "Require", "timer")).toBe(false);
  });

  test("addresses of a list; * and unreadable ones are none", () => {
    const message = withLines(["Contact", "*"], ["m", '"A" <sip:a>;expires=5, <bad'], ["Contact", "sip:b"]);
    expect(headerAddresses(message, "Contact").map((each) => each.uri)).toEqual(["sip:a", "sip:b"]);
  });
});

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
    ["2147483648 INVITE", undefined],
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
