import { describe, expect, it, test } from "vitest";
import {
  buildRequest,
  buildResponse,
  isGraveFault,
  looksLikeEmergency,
  validateRequest,
  validateResponse,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";

const GOOD: readonly HeaderLine[] = [
  ["Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"],
  ["From", "<sip:a@example.com>;tag=1"],
  ["To", "<sip:b@example.com>"],
  ["Call-ID", "1@h"],
  ["CSeq", "1 INVITE"],
  ["Max-Forwards", "70"],
  ["Contact", "<sip:a@192.0.2.1>"],
];

/** The good headers with one changed (in place), added, or (no value) taken away. */
function change(name: string, ...values: readonly string[]): readonly HeaderLine[] {
  const at = GOOD.findIndex((line) => line[0] === name);
  const lines = values.map((value): HeaderLine => [name, value]);
  return at < 0 ? [...GOOD, ...lines] : GOOD.toSpliced(at, 1, ...lines);
}

function request(headers: readonly HeaderLine[], uri = "sip:b@example.com"): SipMessage {
  return buildRequest({ method: "INVITE", uri, headers });
}

describe("requests", () => {
  test.each<[string, SipMessage]>([
    ["the usual headers", request(GOOD)],
    ["no Max-Forwards (RFC 2543 peers)", request(change("Max-Forwards"))],
    ["no From tag (RFC 2543 peers)", request(change("From", "<sip:a@example.com>"))],
    ["a Contact of *", request(change("Contact", "*"))],
    [
      "several Contact and Route values",
      request([...change("Contact", "<sip:a>, <sip:b>", "sip:c"), ["Route", "<sip:r;lr>,<sip:s;lr>"]]),
    ],
    ["a Via below the top that is unreadable", request(change("Via", "SIP/2.0/UDP h;branch=z9hG4bK1, nonsense"))],
    ["a service URN", request(GOOD, "urn:service:sos")],
    ["a tel URI", request(GOOD, "tel:911;phone-context=+1")],
  ])("accepted: %s", (_fact, message) => {
    expect(validateRequest(message)).toBeUndefined();
  });

  test.each<[string, SipMessage, string, number, string?]>([
    ["unreadable Request-URI", request(GOOD, "sip:"), "bad-request-uri", 400],
    ["headers in the Request-URI", request(GOOD, "sip:b@h?Route=x"), "bad-request-uri", 400],
    ["scheme nobody knows", request(GOOD, "http://h"), "unknown-uri-scheme", 416],
    ["no Via", request(change("Via")), "missing-header", 400, "Via"],
    ["no From", request(change("From")), "missing-header", 400, "From"],
    ["no To", request(change("To")), "missing-header", 400, "To"],
    ["no Call-ID", request(change("Call-ID")), "missing-header", 400, "Call-ID"],
    ["no CSeq", request(change("CSeq")), "missing-header", 400, "CSeq"],
    ["two From", request(change("From", "<sip:a>", "<sip:a>")), "repeated-header", 400, "From"],
    ["two Max-Forwards", request(change("Max-Forwards", "1", "2")), "repeated-header", 400, "Max-Forwards"],
    ["two Content-Length", request(change("Content-Length", "0", "0")), "repeated-header", 400, "Content-Length"],
    ["two Replaces (RFC 3891 §3)", request(change("Replaces", "a", "b")), "repeated-header", 400, "Replaces"],
    ["unreadable Via", request(change("Via", "SIP/2.0/UDP")), "bad-header", 400, "Via"],
    ["unreadable From", request(change("From", '"a')), "bad-header", 400, "From"],
    ["empty Call-ID", request(change("Call-ID", "")), "bad-header", 400, "Call-ID"],
    ["Call-ID with a blank", request(change("Call-ID", "a b")), "bad-header", 400, "Call-ID"],
    ["CSeq number of 2^31", request(change("CSeq", "2147483648 INVITE")), "overlarge-cseq", 400, "CSeq"],
    ["CSeq number of 2^32", request(change("CSeq", "4294967296 INVITE")), "bad-header", 400, "CSeq"],
    ["CSeq of another method", request(change("CSeq", "1 BYE")), "method-mismatch", 400, "CSeq"],
    ["CSeq method in another case", request(change("CSeq", "1 invite")), "method-mismatch", 400, "CSeq"],
    ["Max-Forwards above 255", request(change("Max-Forwards", "256")), "bad-header", 400, "Max-Forwards"],
    ["Content-Length that is no number", request(change("Content-Length", "x")), "bad-header", 400, "Content-Length"],
    ["unreadable Contact among good ones", request(change("Contact", "<sip:a>, <sip:b")), "bad-header", 400, "Contact"],
    ["empty Contact", request(change("Contact", "")), "bad-header", 400, "Contact"],
    ["unreadable Route", request(change("Route", "<sip:r;lr>, sip:a?b")), "bad-header", 400, "Route"],
    ["unreadable Refer-To", request(change("Refer-To", "<")), "bad-header", 400, "Refer-To"],
  ])("refused: %s", (_fact, message, code, status, header) => {
    expect(validateRequest(message)).toMatchObject({ code, status, header });
  });
});

describe("responses", () => {
  const response = (headers: readonly HeaderLine[]): SipMessage =>
    buildResponse({ status: 200, method: "INVITE", headers });

  test("the usual headers", () => {
    expect(validateResponse(response(GOOD))).toBeUndefined();
  });

  test.each<[string, SipMessage, string]>([
    ["no CSeq", response(change("CSeq")), "missing-header"],
    ["two To", response(change("To", "<sip:a>", "<sip:b>")), "repeated-header"],
    ["unreadable CSeq", response(change("CSeq", "x")), "bad-header"],
    ["two Via lines (RFC 3261 §8.1.3.3)", response(change("Via", "SIP/2.0/UDP a", "SIP/2.0/UDP b")), "several-vias"],
    ["two Via values in one line", response(change("Via", "SIP/2.0/UDP a, SIP/2.0/UDP b")), "several-vias"],
  ])("dropped: %s", (_fact, message, code) => {
    expect(validateResponse(message)?.code).toBe(code);
  });
});

describe("what may be an emergency call, by the message alone", () => {
  function invite(uri: string, more: readonly HeaderLine[] = []): SipMessage {
    return buildRequest({ method: "INVITE", uri, headers: [["CSeq", "1 INVITE"], ...more], body: "" });
  }

  it.each([
    "sip:911@h",
    "sip:+911@h;user=phone",
    "sip:9-1-1@h",
    "sip:911;phone-context=x@h",
    "sips:9911@h",
    "tel:112",
    "tel:911;phone-context=+1",
    "urn:service:sos",
    "URN:Service:SOS.fire",
    "urn:service:test.sos",
  ])("%s", (uri) => {
    expect(looksLikeEmergency(invite(uri))).toBe(true);
  });

  it.each(["sip:+12125550100@h", "sip:alice@h", "sip:h", "urn:service:sosx", "urn:service:counseling", "mailto:911"])(
    "not %s",
    (uri) => {
      expect(looksLikeEmergency(invite(uri))).toBe(false);
    },
  );

  it("a number in brackets", () => {
    expect(looksLikeEmergency(invite("<sip:911>"))).toBe(true);
  });

  it("anything with Priority: emergency, but an INVITE", () => {
    expect(looksLikeEmergency(invite("sip:alice@h", [["Priority", "Emergency"]]))).toBe(true);
    const message = buildRequest({ method: "MESSAGE", uri: "sip:911@h", headers: [], body: "" });
    expect(looksLikeEmergency(message)).toBe(false);
  });

  it.each([
    [{ code: "repeated-header", header: "Call-ID" }, false],
    [{ code: "bad-header", header: "Max-Forwards" }, false],
    [{ code: "bad-header", header: "Contact" }, false],
    [{ code: "bad-header", header: "CSeq" }, true],
    [{ code: "overlarge-cseq", header: "CSeq" }, false],
    [{ code: "missing-header", header: "From" }, true],
    [{ code: "method-mismatch", header: "CSeq" }, true],
  ] as const)("%o is grave: %s", (fault, grave) => {
    expect(isGraveFault({ ...fault, status: 400, detail: "" })).toBe(grave);
  });
});
