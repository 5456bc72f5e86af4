import { describe, expect, test } from "vitest";
import {
  canonicalHost,
  headerValues,
  isHold,
  mediaAddress,
  parseDatagram,
  parseSdp,
  parseSipUri,
  parseVia,
  topVia,
  validateRequest,
  type SipMessage,
} from "@tandem/sip";

const REQUEST_URI = "sip:[2001:db8::10]";
const VIA = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111";

/** The message of RFC 5118 §4 with the parts its sections vary. */
function register({ uri = REQUEST_URI, via = VIA, callId = "SSG9559905523997077@hlau_4100" } = {}): Uint8Array {
  return Buffer.from(
    [
      `REGISTER ${uri} SIP/2.0`,
      "To: sip:user@example.com",
      "From: sip:user@example.com;tag=81x2",
      `Via: ${via}`,
      `Call-ID: ${callId}`,
      "Max-Forwards: 70",
      'Contact: "Caller" <sip:caller@[2001:db8::1]>',
      "CSeq: 98176 REGISTER",
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n"),
  );
}

function read(datagram: Uint8Array): SipMessage {
  const parsed = parseDatagram(datagram);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

/** Outcomes RFC 5118 asks for, each named by its section. */
describe("RFC 5118 torture messages for IPv6", () => {
  test("4.1 Valid SIP message with an IPv6 reference", () => {
    const message = read(register());
    expect(validateRequest(message)).toBeUndefined();
    expect(parseSipUri(message.uri)).toMatchObject({ host: "[2001:db8::10]", port: undefined });
  });

  test("4.2 Invalid SIP message with an IPv6 reference: no brackets is a 400", () => {
    expect(validateRequest(read(register({ uri: "sip:2001:db8::10" })))).toMatchObject({ status: 400 });
  });

  test("4.3 Port ambiguous in a SIP URI: inside the brackets it is part of the address", () => {
    expect(parseSipUri(read(register({ uri: "sip:[2001:db8::10:5070]" })).uri)).toMatchObject({ port: undefined });
  });

  test("4.4 Port unambiguous in a SIP URI", () => {
    expect(parseSipUri(read(register({ uri: "sip:[2001:db8::10]:5070" })).uri)).toMatchObject({
      host: "[2001:db8::10]",
      port: 5070,
    });
  });

  test.each([
    ["with brackets", "[2001:db8::9:255]"],
    ["without brackets", "2001:db8::9:255"],
  ])("4.5 IPv6 reference in received %s", (_form, received) => {
    const message = read(register({ via: `SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z9hG4bKas3-111` }));
    expect(validateRequest(message)).toBeUndefined();
    expect(topVia(message)?.received).toBe("2001:db8::9:255");
  });

  const body = (address: string): string =>
    ["v=0", `o=assistant 971731711378798081 0 IN IP6 ${address}`, "s=Live video feed", "t=3338481189 3370017201"]
      .concat([
        `c=IN IP6 ${address}`,
        "m=audio 6000 RTP/AVP 2",
        "a=rtpmap:2 G726-32/8000",
        "m=video 6024 RTP/AVP 107",
        "",
      ])
      .join("\r\n");

  test("4.6 SIP request with IPv6 addresses in session description body", () => {
    const sdp = parseSdp(body("2001:db8::20"));
    expect(sdp?.media.map((media) => sdp && mediaAddress(sdp, media))).toEqual(["2001:db8::20", "2001:db8::20"]);
    expect(sdp && isHold(sdp)).toBe(false);
  });

  test("4.7 Multiple IP addresses in SIP headers: both families in one message", () => {
    const message = read(register({ via: `${VIA}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144` }));
    expect(headerValues(message, "Via").map((value) => parseVia(value)?.host)).toEqual([
      "[2001:db8::9:1]",
      "192.0.2.1",
    ]);
  });

  test("4.8 Multiple IP addresses in SDP: each section has its own family", () => {
    const mixed = parseSdp(`${body("2001:db8::20")}m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n`);
    expect(mixed?.media.map((media) => mixed && mediaAddress(mixed, media))).toEqual([
      "2001:db8::20",
      "2001:db8::20",
      "192.0.2.1",
    ]);
  });

  test("4.9 IPv4-mapped IPv6 addresses", () => {
    const via = parseVia("SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19");
    expect(via).toMatchObject({ host: "[::ffff:192.0.2.10]", port: 19_823 });
    expect(canonicalHost("[::ffff:192.0.2.10]")).toBe(canonicalHost("[::FFFF:C000:020A]"));
  });

  test("4.10 IPv6 reference bug in RFC 3261 ABNF: three colons are no address, a Call-ID may hold one", () => {
    expect(parseVia("SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bKas3")).toBeUndefined();
    expect(validateRequest(read(register({ callId: "123456@[2001:db8::1]" })))).toBeUndefined();
  });
});
