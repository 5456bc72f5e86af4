import { composePidf, xmlText } from "@tandem/domain";
import { readPidf } from "@tandem/location-document";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Text as it travels: one character per byte. */
const octets = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const presence = (inside: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:gml="http://www.opengis.net/gml" entity="sip:user@example.com">${inside}</presence>`;
const geopriv = (inside: string): string => `<gp:geopriv>${inside}</gp:geopriv>`;
const civic = (city: string): string =>
  `<gp:location-info><ca:civicAddress><ca:country>US</ca:country><ca:A3>${city}</ca:A3></ca:civicAddress></gp:location-info>`;

describe("a location document", () => {
  test("the shape of the product class: tuple, status, geopriv", () => {
    const text = presence(
      `<tuple id="_LIS:0"><status>${geopriv(`${civic("Redmond")}<gp:usage-rules/><gp:method>Manual</gp:method>`)}</status></tuple>`,
    );
    expect(readPidf(text)).toEqual({
      method: "Manual",
      civic: { country: "US", a3: "Redmond" },
      geodetic: false,
      position: null,
    });
  });

  test("the shape of RFC 5491: a device", () => {
    const text = presence(`<dm:device id="d">${geopriv(`${civic("Albany")}<gp:method>DHCP</gp:method>`)}</dm:device>`);
    expect(readPidf(text)).toMatchObject({ method: "DHCP", civic: { a3: "Albany" } });
  });

  test("of several objects the first with a location counts (RFC 5491 §3.4)", () => {
    const empty = geopriv("<gp:location-info/><gp:method>Empty</gp:method>");
    const objects = [empty, geopriv(`${civic("First")}<gp:method>LIS</gp:method>`), geopriv(civic("Second"))];
    const tuples = objects.map((object, index) => `<tuple id="t${index}"><status>${object}</status></tuple>`);
    expect(readPidf(presence(tuples.join("")))).toMatchObject({ method: "LIS", civic: { a3: "First" } });
  });

  test("a geodetic location is a location; it is never turned into an address (RFC 6881 SP-11)", () => {
    const point =
      '<gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.5463 -73.2512</gml:pos></gml:Point></gp:location-info>';
    expect(readPidf(presence(`<tuple id="a"><status>${geopriv(point)}</status></tuple>`))).toEqual({
      method: null,
      civic: null,
      geodetic: true,
      position: "42.5463 -73.2512",
    });
  });

  test.each([
    ["a point with a height", "Point", "<gml:pos> 42.5463  -73.2512\n26.3 </gml:pos>", "42.5463 -73.2512 26.3"],
    ["a circle's middle", "Circle", '<gml:pos>+42.5 -73.2</gml:pos><gs:radius uom="x">850</gs:radius>', "+42.5 -73.2"],
    [
      "a polygon's first corner",
      "Polygon",
      "<gml:posList>43.3 -73.4 43.1 -73.2 43.3 -73.4</gml:posList>",
      "43.3 -73.4",
    ],
    ["words", "Point", "<gml:pos>here somewhere</gml:pos>", null],
    ["half a position", "Point", "<gml:pos>42.5</gml:pos>", null],
    ["no position", "Polygon", "", null],
  ])("the position of %s", (_, shape, inside, position) => {
    const location = `<gp:location-info><gml:${shape} xmlns:gs="urn:x">${inside}</gml:${shape}></gp:location-info>`;
    expect(readPidf(presence(geopriv(location)))).toMatchObject({ geodetic: true, position });
  });

  test("wrong or missing namespaces do not matter", () => {
    const text =
      "<presence><tuple><status><geopriv><location-info><civicAddress><RD>Main</RD></civicAddress></location-info><method>LIS</method></geopriv></status></tuple></presence>";
    expect(readPidf(text)).toMatchObject({ method: "LIS", civic: { rd: "Main" } });
  });

  test("UTF-8 and Latin-1 are read, a byte order mark is skipped", () => {
    const text = presence(geopriv(civic("Malmö")));
    expect(readPidf(octets(text))).toMatchObject({ civic: { a3: "Malmö" } });
    expect(readPidf(octets(`\uFEFF${text}`))).toMatchObject({ civic: { a3: "Malmö" } });
    expect(readPidf(text.replace('"utf-8"', '"ISO-8859-1"'))).toMatchObject({ civic: { a3: "Malmö" } });
  });

  test("what we compose reads back the same, whatever stands in the address", () => {
    const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((text) => {
      // XML has no way to write control characters; line ends become blanks.
      return !/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(text) && text.trim() === text && xmlText(text) !== "";
    });
    fc.assert(
      fc.property(word, word, (a3, room) => {
        const pidf = composePidf({
          entity: "sip:a@b",
          civic: { country: "US", a3, room },
          method: "Default",
          provider: { organization: "O & O", id: "example.com", contact: "tel:+1", fqdn: "b" },
          atMs: 0,
        });
        expect(readPidf(pidf)).toEqual({
          method: "Default",
          civic: { country: "US", a3, room },
          geodetic: false,
          position: null,
        });
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ["nothing", ""],
    ["no XML", "Broadway 1"],
    ["an open element", "<presence><tuple>"],
    ["an undefined entity", presence(geopriv(civic("&city;")))],
    ["a document type", `<!DOCTYPE presence [<!ENTITY city "x">]>${presence(geopriv(civic("&city;")))}`],
    ["no location in it", presence("<tuple id='a'><status><basic>open</basic></status></tuple>")],
    ["an empty address", presence(geopriv("<gp:location-info><ca:civicAddress/></gp:location-info>"))],
    ["more elements than a location has", presence("<a>".repeat(3_000) + "</a>".repeat(3_000))],
    ["more bytes than a location has", presence(geopriv(civic("x".repeat(70_000))))],
  ])("%s is no location", (_, text) => {
    expect(readPidf(text)).toBeNull();
  });

  test("nothing that is sent throws, or takes long", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "</",
      "/>",
      "a",
      "geopriv",
      "civicAddress",
      "&#x",
      "&amp;",
      '="',
      "<![CDATA[",
      "]]>",
      "<!--",
      "é",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        readPidf(pieces.join(""));
      }),
      { numRuns: 1_000 },
    );
    const startedMs = performance.now();
    readPidf("<a>".repeat(1_999));
    readPidf(`<a ${Array.from({ length: 1_990 }, (_, index) => `b${index}="c"`).join(" ")}/>`);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});
