import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canonicalHost,
  decodeEscapes,
  encodeEscapes,
  equalUris,
  expandIpv6,
  formatUri,
  getParameter,
  parseSipUri,
  parseUri,
  uriHeader,
  uriTransport,
  userParts,
  type Uri,
} from "@tandem/sip";
import { sipUri } from "./arbitraries.ts";

function uriOf(text: string): Uri {
  const uri = parseUri(text);
  if (uri === undefined) throw new Error(`unreadable: ${text}`);
  return uri;
}

describe("URIs that are read", () => {
  test.each([
    ["sip:example.com", { host: "example.com", user: undefined, port: undefined }],
    ["sip:a:secret@example.com", { user: "a", password: "secret" }],
    ["sip:a:@example.com", { user: "a", password: "" }],
    ["SIPS:a@example.com:5061", { scheme: "sips", port: 5061 }],
    ["sip:a@[2001:db8::9:1]:5070", { host: "[2001:db8::9:1]", port: 5070 }],
    ["sip:[::ffff:192.0.2.1]", { host: "[::ffff:192.0.2.1]", user: undefined }],
    [
      "sip:a@h;lr;transport=TCP;x=",
      {
        params: [
          ["lr", undefined],
          ["transport", "TCP"],
          ["x", ""],
        ],
      },
    ],
    [
      "sip:a@h?Subject=hi&Priority=",
      {
        headers: [
          ["Subject", "hi"],
          ["Priority", ""],
        ],
      },
    ],
    ["sip:a@h;x=1?b=;y", { params: [["x", "1"]], headers: [["b", ";y"]] }],
    ["sip:host_with_underscore", { host: "host_with_underscore" }],
    ["tel:+1-555-123-0001;phone-context=x", { kind: "tel", number: "+1-555-123-0001" }],
    ["tel:911;phone-context=+1", { kind: "tel", number: "911", params: [["phone-context", "+1"]] }],
    ["tel:*67#", { kind: "tel", number: "*67#" }],
    ["URN:Service:sos.fire", { kind: "urn", namespace: "service", specific: "sos.fire" }],
    ["https://lis.example.com/x?y=1", { kind: "other", scheme: "https" }],
    ["cid:a@b", { kind: "other", scheme: "cid", rest: "a@b" }],
  ])("%s", (text, expected) => {
    expect(parseUri(text)).toMatchObject(expected);
  });
});

describe("URIs that are malformed", () => {
  test.each([
    ["no scheme", "example.com"],
    ["empty scheme", ":a@b"],
    ["empty user before @", "sip:@example.com"],
    ["no host", "sip:a@"],
    ["two @", "sip:a@b@c"],
    ["port that is no number", "sip:a@b:50x"],
    ["port above 65535", "sip:a@b:65536"],
    ["empty port", "sip:a@b:"],
    ["IPv6 without brackets (RFC 5118 §4.1)", "sip:2001:db8::10"],
    ["bracket that does not close", "sip:a@[2001:db8::1"],
    ["no IPv6 in brackets", "sip:a@[example.com]"],
    ["empty parameter", "sip:a@b;;lr"],
    ["parameter without a name", "sip:a@b;=1"],
    ["blank inside", "sip:a@b; lr"],
    ["angle brackets", "<sip:a@b>"],
    ["control character", "sip:a\0@b"],
    ["tel without digits", "tel:"],
    ["global tel with letters", "tel:+1abc"],
    ["urn without a specific part", "urn:service"],
    ["empty", ""],
  ])("%s", (_fact, text) => {
    expect(parseUri(text)).toBeUndefined();
  });
});

/** The examples of RFC 3261 §19.1.4, plus IPv6 (RFC 5954 §4.2), tel (RFC 3966) and service URNs (RFC 5031). */
describe("equal URIs", () => {
  test.each([
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
    ["sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"],
    [
      "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ],
    [
      "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ],
    ["sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0:0:0:0:1]"],
    ["tel:+1-555-123", "tel:+1.555.123"],
    ["tel:555;phone-context=+1-2;ext=1", "tel:555;EXT=1;phone-context=+12"],
    ["urn:service:sos.fire", "URN:SERVICE:SOS.Fire"],
  ])("%s = %s", (a, b) => {
    expect(equalUris(uriOf(a), uriOf(b))).toBe(true);
    expect(equalUris(uriOf(b), uriOf(a))).toBe(true);
  });
});

describe("different URIs", () => {
  test.each([
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:a@b;maddr=192.0.2.1", "sip:a@b"],
    ["sip:a@b;user=phone", "sip:a@b"],
    ["sip:a@b;ttl=1", "sip:a@b"],
    ["sip:a@b", "sips:a@b"],
    ["sip:a@b", "sip:b"],
    ["sip:a%3Bb@c", "sip:a;b@c"],
    ["sip:a%253Bb@c", "sip:a%3Bb@c"],
    ["tel:555;phone-context=+1", "tel:555;phone-context=+2"],
    ["tel:555", "tel:+555"],
    ["tel:555", "sip:555@h"],
    ["urn:service:sos", "urn:service:sos.fire"],
    ["https://a", "http://a"],
  ])("%s ≠ %s", (a, b) => {
    expect(equalUris(uriOf(a), uriOf(b))).toBe(false);
    expect(equalUris(uriOf(b), uriOf(a))).toBe(false);
  });
});

describe("parts of a URI", () => {
  test("a telephone number with its context in the user part (RFC 3261 §19.1.6)", () => {
    const parts = userParts(parseSipUri("sip:911;phone-context=%2B1@gw.example.com;user=phone")?.user ?? "");
    expect(parts.name).toBe("911");
    expect(getParameter(parts.params, "Phone-Context")).toBe("%2B1");
  });

  test("an embedded header comes unescaped (Refer-To with Replaces)", () => {
    const uri = uriOf("sip:c@h?Replaces=12345%40192.0.2.3%3Bto-tag%3D1%3Bfrom-tag%3D2");
    expect(uriHeader(uri, "replaces")).toBe("12345@192.0.2.3;to-tag=1;from-tag=2");
    expect(uriHeader(uri, "Subject")).toBeUndefined();
  });

  test("transport in any case", () => {
    const uri = parseSipUri("sip:h;Transport=TCP");
    expect(uri && uriTransport(uri)).toBe("tcp");
  });
});

describe("IPv6", () => {
  test.each([
    ["::", "0000:0000:0000:0000:0000:0000:0000:0000"],
    ["1::", "0001:0000:0000:0000:0000:0000:0000:0000"],
    ["2001:db8::9:255", "2001:0db8:0000:0000:0000:0000:0009:0255"],
    ["::ffff:192.0.2.10", "0000:0000:0000:0000:0000:ffff:c000:020a"],
    ["1:2:3:4:5:6:7:8", "0001:0002:0003:0004:0005:0006:0007:0008"],
  ])("%s", (address, expanded) => {
    expect(expandIpv6(address)).toBe(expanded);
    expect(canonicalHost(`[${address}]`)).toBe(expanded);
  });

  test.each([
    "",
    ":",
    ":::",
    "1:2:3",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "::1.2.3",
    "1.2.3.4",
    "::256.1.1.1",
  ])("%j is none", (address) => {
    expect(expandIpv6(address)).toBeUndefined();
  });
});

describe("URI properties", () => {
  test("parse and format are each other's inverse", () => {
    fc.assert(
      fc.property(sipUri, (text) => {
        expect(formatUri(uriOf(text))).toBe(text);
      }),
    );
  });

  test("comparison is reflexive and symmetric", () => {
    fc.assert(
      fc.property(sipUri, sipUri, (a, b) => {
        expect(equalUris(uriOf(a), uriOf(a))).toBe(true);
        expect(equalUris(uriOf(a), uriOf(b))).toBe(equalUris(uriOf(b), uriOf(a)));
      }),
    );
  });

  test("case of host and of parameter names does not count", () => {
    fc.assert(
      fc.property(sipUri, (text) => {
        const uri = uriOf(text);
        if (uri.kind !== "sip") return;
        const shouted = {
          ...uri,
          host: uri.host.toUpperCase(),
          params: uri.params.map(([name, value]) => [name.toUpperCase(), value] as const),
        };
        expect(equalUris(uri, shouted)).toBe(true);
      }),
    );
  });

  test("what is escaped for a place comes back", () => {
    const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(latin1, fc.constantFrom("user", "parameter", "header"), (text, place) => {
        expect(decodeEscapes(encodeEscapes(text, place))).toBe(text);
      }),
    );
  });
});
