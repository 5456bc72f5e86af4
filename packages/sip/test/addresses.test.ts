import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  firstOfList,
  formatNameAddr,
  formatParameters,
  getParameter,
  hasParameter,
  hasToken,
  headerAddresses,
  headerValues,
  parseNameAddr,
  parseParameters,
  quote,
  readParameter,
  readTag,
  splitList,
  unquote,
  withParameter,
} from "@tandem/sip";
import { latin1Line, sipUri, token } from "./arbitraries.ts";
import { withLines } from "./value-lines.ts";

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
