import { composePidf } from "@tandem/domain";
import {
  composeHeldError,
  composeHeldRequest,
  composeHeldResponse,
  readHeldAnswer,
  readHeldRequest,
  wantsCivic,
} from "@tandem/location-document";
import { describe, expect, test } from "vitest";

const held = (inside: string): string =>
  `<?xml version="1.0"?><locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held" responseTime="8">${inside}</locationRequest>`;

describe("a location request (RFC 5985)", () => {
  test("of a device about itself", () => {
    expect(readHeldRequest(held(""))).toEqual({
      ok: true,
      value: { device: {}, namesDevice: false, types: [], exact: false },
    });
  });

  test("about a device by the identifiers of RFC 6155", () => {
    const device =
      '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><ip v="4">192.0.2.5</ip><mac>A0-12-34-56-78-90</mac><uri>tel:+12125550100</uri></device>';
    expect(readHeldRequest(held(device))).toMatchObject({
      value: {
        namesDevice: true,
        device: { address: "192.0.2.5", mac: "A0-12-34-56-78-90", numbers: ["+12125550100"] },
      },
    });
  });

  test("with the measurements of RFC 7105", () => {
    const measured =
      '<measurements xmlns="urn:ietf:params:xml:ns:geopriv:lm"><lldp xmlns="urn:ietf:params:xml:ns:geopriv:lm:lldp"><chassis type="4">0a01003c</chassis><port type="6">c2000000</port></lldp><wifi xmlns="urn:ietf:params:xml:ns:geopriv:lm:wifi"><servingWap><bssid>00-12-F0-A0-80-EF</bssid></servingWap></wifi></measurements>';
    expect(readHeldRequest(held(measured))).toMatchObject({
      value: { namesDevice: true, device: { chassis: "0a01003c", port: "c2000000", bssid: "00-12-F0-A0-80-EF" } },
    });
  });

  test.each([
    ["any", "<locationType>any</locationType>", true],
    ["geodetic only", '<locationType exact="true">geodetic</locationType>', false],
    ["geodetic or civic only", '<locationType exact="true">geodetic civic</locationType>', true],
    ["geodetic if there is", "<locationType>geodetic</locationType>", true],
  ])("for %s", (_, type, civic) => {
    const request = readHeldRequest(held(type));
    expect(request.ok && wantsCivic(request.value)).toBe(civic);
  });

  test.each([
    ["xmlError", "<locationRequest"],
    ["xmlError", ""],
    ["unsupportedMessage", '<createContext xmlns="urn:x"/>'],
  ])("%s", (code, text) => {
    expect(readHeldRequest(text)).toMatchObject({ ok: false, error: { code } });
  });

  test("what is asked of another server reads back the same", () => {
    const device = {
      address: "2001:db8::5",
      mac: "a0:12:34:56:78:90",
      chassis: "sw <1>",
      port: "7",
      bssid: "00:12:f0:a0:80:ef",
      numbers: ["+12125550100"],
    };
    expect(readHeldRequest(composeHeldRequest(device, 400))).toMatchObject({ value: { device, namesDevice: true } });
  });
});

describe("an answer", () => {
  const pidf = composePidf({
    entity: "pres:a@b",
    civic: { country: "US", a3: "Albany" },
    method: "LIS",
    provider: null,
    atMs: 0,
  });

  test("with a location", () => {
    expect(readHeldAnswer(composeHeldResponse(pidf))).toEqual({
      ok: true,
      value: { method: "LIS", civic: { country: "US", a3: "Albany" }, geodetic: false, position: null },
    });
  });

  test("unknown is an answer, other errors are failures", () => {
    expect(readHeldAnswer(composeHeldError({ code: "locationUnknown", message: "no row" }))).toEqual({
      ok: true,
      value: null,
    });
    expect(readHeldAnswer(composeHeldError({ code: "generalLisError", message: "x" }))).toMatchObject({ ok: false });
  });

  test.each([
    "",
    "<html>",
    "<locationResponse/>",
    "<locationResponse><locationUriSet><locationURI>https://x</locationURI></locationUriSet></locationResponse>",
  ])("%j is a failure", (text) => {
    expect(readHeldAnswer(text)).toMatchObject({ ok: false });
  });
});
