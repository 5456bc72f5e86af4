import { buildRequest, type HeaderLine } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { composePidf } from "./compose-pidf.ts";
import { conveyedLocation } from "./conveyed-location.ts";
import { locationRouting } from "./location-method.ts";
import type { PidfReader } from "./pidf-location.ts";
import { xmlText } from "./xml-text.ts";

/** Reads what the tests write: the method alone stands in the "document". */
const readPidf: PidfReader = (octets) =>
  octets.startsWith("pidf ")
    ? { method: octets.slice(5).trim() || null, civic: { a3: "Albany" }, geodetic: false, position: null }
    : null;

function invite(headers: readonly HeaderLine[], body = ""): ReturnType<typeof buildRequest> {
  return buildRequest({ method: "INVITE", uri: "sip:911@example.com", headers, body });
}

const SDP = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n";
const pidfPart = (text: string, boundary = "b"): string =>
  `--${boundary}\r\nContent-Type: application/pidf+xml\r\nContent-ID: <loc@example.com>\r\n\r\n${text}\r\n`;
const mixed: HeaderLine = ["Content-Type", "multipart/mixed;boundary=b"];
const geolocation: HeaderLine = ["Geolocation", '<cid:loc@example.com>;inserted-by="sip:user@example.com"'];

describe("the location a request conveys", () => {
  test.each<[string, readonly HeaderLine[], string]>([
    ["beside the SDP", [geolocation, mixed], `${SDP}${pidfPart("pidf LIS")}--b--\r\n`],
    ["before the SDP", [geolocation, mixed], `${pidfPart("pidf LIS")}${SDP}--b--\r\n`],
    [
      "with a cid that names no part",
      [["Geolocation", "<cid:other@x>"], mixed],
      `${SDP}${pidfPart("pidf LIS")}--b--\r\n`,
    ],
    ["without any Geolocation header", [mixed], `${SDP}${pidfPart("pidf LIS")}--b--\r\n`],
    [
      "in a multipart inside a multipart",
      [geolocation, mixed],
      `${SDP}--b\r\nContent-Type: multipart/related;boundary="in ner"\r\n\r\n${pidfPart("pidf LIS", "in ner")}--in ner--\r\n--b--\r\n`,
    ],
    ["alone", [geolocation, ["Content-Type", "application/PIDF+xml; charset=utf-8"]], "pidf LIS"],
    ["twice: the last part counts", [mixed], `${pidfPart("pidf Manual")}${pidfPart("pidf LIS")}--b--\r\n`],
    ["twice, the last one broken", [mixed], `${pidfPart("pidf LIS")}${pidfPart("<presence")}--b--\r\n`],
    ["without the closing delimiter", [mixed], `${SDP}${pidfPart("pidf LIS")}`],
  ])("%s", (_, headers, body) => {
    expect(conveyedLocation(invite(headers, body), readPidf)).toMatchObject({
      kind: "value",
      routing: "direct",
      location: { method: "LIS", civic: { a3: "Albany" } },
    });
  });

  test("references stay references, in order, unknown parameters ignored (RFC 6442 §4.1, RFC 8787)", () => {
    const headers: HeaderLine[] = [
      ["Geolocation", "<https://lis.example.com/a>;loc-src=example.com;x=y, <sip:loc@example.com>"],
      ["Geolocation", "<cid:none@example.com>"],
    ];
    expect(conveyedLocation(invite(headers), readPidf)).toEqual({
      kind: "reference",
      location: null,
      references: ["https://lis.example.com/a", "sip:loc@example.com"],
      routing: null,
    });
  });

  test("a value beside a reference is what we read, and the reference is kept", () => {
    const headers: HeaderLine[] = [["Geolocation", "<https://lis.example.com/a>"], geolocation, mixed];
    expect(conveyedLocation(invite(headers, `${pidfPart("pidf Manual")}--b--\r\n`), readPidf)).toMatchObject({
      kind: "value",
      references: ["https://lis.example.com/a"],
      routing: "screened",
    });
  });

  test.each<[string, readonly HeaderLine[], string]>([
    ["broken XML", [geolocation, mixed], `${SDP}${pidfPart("<presence")}--b--\r\n`],
    ["a cid without any part", [geolocation], ""],
    ["a Geolocation header that is nonsense", [["Geolocation", ";;;"]], ""],
  ])("%s is broken, and harms nothing", (_, headers, body) => {
    expect(conveyedLocation(invite(headers, body), readPidf)).toMatchObject({ kind: "broken", routing: "screened" });
  });

  test("no word of a location", () => {
    expect(conveyedLocation(invite([["Content-Type", "application/sdp"]], "v=0\r\n"), readPidf)).toEqual({
      kind: "none",
      location: null,
      references: [],
      routing: "screened",
    });
  });
});

describe("method", () => {
  test.each([
    ["LIS", "direct"],
    ["lis ", "direct"],
    ["ASSIST", "direct"],
    ["CLS", "screened"],
    ["Manual", "screened"],
    ["MANUAL", "screened"],
    ["Default", "screened"],
    ["DHCP", "screened"],
    ["", "screened"],
    [null, "screened"],
  ])("%j is %s", (method, routing) => {
    expect(locationRouting(method)).toBe(routing);
  });
});

describe("a location document of our own", () => {
  const pidf = composePidf({
    entity: "sip:+12125550100@tandem.example",
    civic: { country: "US", a1: "NY", a3: "Ñuñoa", rd: "5th & Main <b>", hno: "1", flr: "3" },
    method: "Default",
    provider: { organization: "Example", id: "example.com", contact: "tel:+12125550199", fqdn: "tandem.example" },
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    conference: { uri: "sip:+12125550123@example.com", mode: "oneway" },
  });

  test("is ASCII, whatever stands in the address", () => {
    expect(pidf).toMatch(/^[\x09\x0a\x0d\x20-\x7e]*$/);
    expect(pidf).toContain("<ca:A3>&#xD1;u&#xF1;oa</ca:A3><ca:RD>5th &amp; Main &lt;b&gt;</ca:RD>");
  });

  test("says who put it in and how, and may be passed on", () => {
    expect(pidf).toContain("<gp:method>Default</gp:method><gp:provided-by>");
    expect(pidf).toContain("<DataProviderString>Example</DataProviderString>");
    expect(pidf).toContain("<gbp:retransmission-allowed>true</gbp:retransmission-allowed>");
    expect(pidf).toContain("<gbp:retention-expiry>2026-01-03T03:04:05.000Z</gbp:retention-expiry>");
    expect(pidf).toContain("<timestamp>2026-01-02T03:04:05.000Z</timestamp>");
    expect(pidf).toContain("<ConferenceMode>oneway</ConferenceMode>");
  });

  test("what XML cannot hold is left out", () => {
    expect(xmlText("a\u0000\u0007b\uFFFE\uD800c\n\t😀\u0085")).toBe("abc \t&#x1F600;&#x85;");
  });
});
