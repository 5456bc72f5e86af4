import { bodyLeaves, buildRequest, formatMultipart, freeBoundary, type NewPart } from "@tandem/sip";
import { array, assert, boolean, constantFrom, property, record, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { blankPreparation } from "../emergency/preparation.ts";
import type { StoredRequest } from "./hunt.ts";
import { newCall } from "./new-call.ts";
import { toldLocation, withToldLocation } from "./told-location.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";
const PIDF = "application/pidf+xml";
const CALL_ID = "c1";

/** An INVITE of a caller with these parts, and the one to the next call taker. */
function toldAgain(contentType: string, body: string, headers: readonly (readonly [string, string])[] = []) {
  const request = buildRequest({
    method: "INVITE",
    uri: "sip:911@192.0.2.1",
    headers: [["Content-Type", contentType], ...headers],
    body,
  });
  const call = { ...newCall(CALL_ID, 0), toldLocation: toldLocation(request, blankPreparation) };
  const next = withToldLocation(toNext, call);
  return { next, message: buildRequest({ method: "INVITE", uri: next.uri, headers: next.headers, body: next.body }) };
}

const toNext: StoredRequest = {
  uri: "sip:911@203.0.113.9",
  from: "",
  to: "",
  headers: [
    ["Content-Type", "application/sdp"],
    ["Referred-By", "<sip:psap@203.0.113.9>"],
  ],
  contentType: "application/sdp",
  body: SDP,
  hops: 69,
  hidden: [],
  path: [],
  reliable: "no",
};

describe("what a caller told of where he is, told again", () => {
  test("any documents in any order: the same octets under the same Content-ID, behind the description", () => {
    const octets = string({ unit: constantFrom("a", "<", "\r\n", "-", `--tandem-${CALL_ID}`, "\u00e9", " ") });
    const part = record({ isPlace: boolean(), body: octets });
    assert(
      property(array(part, { minLength: 1, maxLength: 4 }), (sketches) => {
        const parts = sketches.map(({ isPlace, body }, at): NewPart => {
          const type = isPlace ? PIDF : "application/vnd.nobody.knows";
          return {
            headers: [
              ["Content-Type", type],
              ["Content-ID", `<p${at}@phone>`],
            ],
            body,
          };
        });
        const boundary = freeBoundary(
          parts.map(({ body }) => body),
          "b",
        );
        const { message } = toldAgain(`multipart/mixed;boundary=${boundary}`, formatMultipart(parts, boundary));
        const places = sketches.flatMap(({ isPlace, body }, at) => (isPlace ? [[PIDF, `<p${at}@phone>`, body]] : []));
        const leaves = bodyLeaves(message).map((leaf) => [leaf.mediaType, leaf.get("Content-ID"), leaf.body]);
        expect(leaves).toEqual([["application/sdp", undefined, SDP], ...places]);
      }),
    );
  });

  test("a document that was the whole body", () => {
    const { next, message } = toldAgain(PIDF, "<presence/>", [["Content-ID", "<p@phone>"]]);
    expect(bodyLeaves(message).map(({ mediaType, body }) => [mediaType, body])).toEqual([
      ["application/sdp", SDP],
      [PIDF, "<presence/>"],
    ]);
    expect(message.get("Content-Type")).toBe(next.contentType);
    expect(message.get("Referred-By")).toBe("<sip:psap@203.0.113.9>");
  });

  test("references alone need no other body", () => {
    const { next } = toldAgain("application/sdp", SDP, [
      ["Geolocation", "<https://lis.example/x>"],
      ["geolocation-routing", "no"],
      ["Subject", "help"],
    ]);
    expect([next.contentType, next.body]).toEqual(["application/sdp", SDP]);
    expect(next.headers.slice(0, 2)).toEqual([
      ["Geolocation", "<https://lis.example/x>"],
      ["geolocation-routing", "no"],
    ]);
    expect(next.headers).toHaveLength(4);
  });

  test("of an ordinary call that becomes one: nothing", () => {
    expect(withToldLocation(toNext, newCall(CALL_ID, 0))).toBe(toNext);
  });
});
