import { describe, expect, it } from "vitest";
import { buildRequest, mendRequest, validateRequest, type SipMessage } from "@tandem/sip";

interface Sketch {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
}

function invite({ uri = "sip:911@h", from = "<sip:a@h>;tag=1", to = "<sip:911@h>" }: Sketch): SipMessage {
  return buildRequest({
    method: "INVITE",
    uri,
    headers: [
      ["Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"],
      ["From", from],
      ["To", to],
      ["Call-ID", "1@h"],
      ["CSeq", "1 INVITE"],
    ],
    body: "v=0\r\n",
  });
}

describe("a request that breaks the grammar, as far as it can be read", () => {
  it.each([
    ["an empty parameter at the end", "sip:911@h;user=phone;", "sip:911@h;user=phone"],
    ["empty parameters", "sip:911@h;;user=phone;;", "sip:911@h;user=phone"],
    ["a parameter without a name", "sip:911@h;=x;lr", "sip:911@h;lr"],
    ["an empty port", "sip:911@h:", "sip:911@h"],
    ["an empty port before a parameter", "sip:911@[2001:db8::1]:;lr", "sip:911@[2001:db8::1];lr"],
    ["headers", "sip:911@h?x=y", "sip:911@h"],
    ["an empty headers part", "sip:911@h:5060?", "sip:911@h:5060"],
    ["brackets", "<sip:911@h;user=phone>", "sip:911@h;user=phone"],
    ["no host", "sip:911@", "sip:911@host.invalid"],
    ["a host that cannot be read", "sip:911@[2001:db8::1", "sip:911@host.invalid"],
    ["an impossible port", "sips:911@h:99999;user=phone", "sips:911@host.invalid"],
    ["an empty parameter of a tel URI", "tel:911;", "tel:911"],
  ])("Request-URI with %s", (_fact, uri, mended) => {
    const message = mendRequest(invite({ uri }));
    expect(message.uri).toBe(mended);
    expect(validateRequest(message)).toBeUndefined();
    expect(message.body).toBe("v=0\r\n");
  });

  it.each([
    ["a quoted display name that does not close", '"Room 5 <sip:a@h>;tag=7', "<sip:a@h>;tag=7"],
    ["a display name with quotes in it", 'Ann "x" <sip:a@h>;tag=7', "<sip:a@h>;tag=7"],
    ["brackets that do not close", "<sip:a@h;tag=7", "<sip:a@h>"],
    ["a bare URI with headers", "sip:a@h?x=y;tag=7", "<sip:a@h>;tag=7"],
    ["a parameter without a name", "<sip:a@h>;;tag=7", "<sip:a@h>;tag=7"],
    ["no address", '"Ann";tag=7', "<sip:anonymous@anonymous.invalid>;tag=7"],
  ])("From with %s", (_fact, from, mended) => {
    const message = mendRequest(invite({ from }));
    expect(message.get("From")).toBe(mended);
    expect(validateRequest(message)).toBeUndefined();
  });

  it("a To without an address names whom the Request-URI names", () => {
    expect(mendRequest(invite({ uri: "sip:911@h;", to: '"' })).get("To")).toBe("<sip:911@h>");
  });

  it.each<[string, Sketch]>([
    ["one with nothing to mend", {}],
    ["a display name with an escaped quote", { from: String.raw`"Ann \"x\"" <sip:a@h>;tag=1` }],
  ])("%s stays the same message", (_fact, sketch) => {
    const message = invite(sketch);
    expect(mendRequest(message)).toBe(message);
  });

  it("what cannot be mended stays a fault", () => {
    expect(validateRequest(mendRequest(invite({ uri: "sip: @h" })))?.code).toBe("bad-request-uri");
  });
});
