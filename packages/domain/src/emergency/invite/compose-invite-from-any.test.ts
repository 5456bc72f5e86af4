import {
  addBody,
  bodyLeaves,
  findBodyById,
  formatMultipart,
  headerAddresses,
  type HeaderLine,
  type NewPart,
} from "@tandem/sip";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EmergencyProfile } from "../../topology/emergency-plan.ts";
import { SDP, added, compose, invite, mixed, sdp } from "../../../test/emergency/composed-invite.ts";

describe("whatever the caller sends", () => {
  const octets = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  });
  const text = fc.string({
    unit: fc.constantFrom("a", "-", "--b1", "\r\n--b1--", "\r\n", "x", "é", " "),
    maxLength: 12,
  });
  const type = fc.constantFrom("text/plain", "application/pidf+xml", "application/octet-stream", "message/sipfrag");
  // A body that holds its own delimiter is no multipart that anybody could read.
  const free = (body: string): boolean => !/^--b[12]/m.test(body) && !/(^|\n)--b[12]/.test(body);
  const leaf = fc.record({ type, body: fc.oneof(octets, text).filter(free) }).map(({ type: of, body }): NewPart => ({
    headers: [
      ["Content-Type", of],
      ["Content-ID", `<${of}@x>`],
    ],
    body,
  }));
  const sdpPart = fc.constant(sdp);
  const nested = fc.array(leaf, { minLength: 1, maxLength: 3 }).map((parts): NewPart => ({
    headers: [["Content-Type", "multipart/related; boundary=b2"]],
    body: formatMultipart(parts, "b2"),
  }));
  const parts = fc
    .tuple(
      fc.array(fc.oneof(leaf, nested), { maxLength: 3 }),
      sdpPart,
      fc.array(fc.oneof(leaf, nested), { maxLength: 3 }),
    )
    .map(([before, offer, after]) => [...before, offer, ...after]);
  const line = fc.constantFrom<HeaderLine>(
    ["Geolocation", "<cid:nobody@x>, <https://lis.example.com/1>;unknown=parameter"],
    ["Geolocation", ";;;"],
    ["Geolocation-Routing", "no"],
    ["Call-Info", "<http://example.com/photo.jpg>;purpose=icon"],
    ["X-Anything", '\u00c3\u00a9 <>;,"'],
    ["Subject", "help"],
  );
  const change = fc.record({
    kind: fc.constantFrom<EmergencyProfile>("pidf-lo", "i3", "elin", "plain"),
    addedLocation: fc.constantFrom(null, added),
    elin: fc.constantFrom(null, "+12125550111"),
  });

  test("every byte of every part survives, one SDP stays, lengths, boundaries and references are right", () => {
    fc.assert(
      fc.property(parts, fc.array(line, { maxLength: 4 }), change, (sentParts, lines, { kind, ...prepared }) => {
        const sent = invite([...lines, mixed], formatMultipart(sentParts, "b1"));
        const got = compose(sent, { kind, preparation: prepared });
        const before = bodyLeaves(sent).map(({ body }) => body);
        const after = bodyLeaves(got);
        // In order and untouched; what is new stands behind.
        expect(after.slice(0, before.length).map(({ body }) => body)).toEqual(before);
        expect(after.filter(({ mediaType }) => mediaType === "application/sdp").map(({ body }) => body)).toEqual([SDP]);
        expect(Number(got.get("Content-Length"))).toBe(got.body.length);
        for (const [name, value] of lines) expect(got.getAll(name)).toContain(value);
        const ours = headerAddresses(got, "Geolocation").concat(headerAddresses(got, "Call-Info"));
        for (const { uri } of ours.filter(
          (each) => each.uri.endsWith("@tandem.example.com") && each.uri.startsWith("cid:"),
        )) {
          const named = after.filter((part) => part.get("Content-ID") === `<${uri.slice(4)}>`);
          expect(named).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a body that is no multipart, though it says so, is kept as a part", () => {
    const sent = invite([["Content-Type", "multipart/mixed;boundary=nowhere"]], "no delimiter at all");
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual(["no delimiter at all", added]);
  });

  test("a part that holds the boundary we would take gets another one", () => {
    const sent = invite([["Content-Type", "text/plain"]], "--tandem-callid26charsofbase32abcde\r\n");
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([sent.body, added]);
  });

  test("a Content-ID that is taken is not taken twice", () => {
    const taken: NewPart = {
      headers: [
        ["Content-Type", "text/plain"],
        ["Content-ID", "<location-callid26charsofbase32abcde@tandem.example.com>"],
      ],
      body: "x",
    };
    const sent = addBody(invite([["Content-Type", "application/sdp"]], SDP), taken, "b1");
    const got = compose(sent, { preparation: { addedLocation: added } });
    const cid = headerAddresses(got, "Geolocation")[0]!.uri.slice("cid:".length);
    expect(findBodyById(got, `<${cid}>`)?.body).toBe(added);
  });
});
