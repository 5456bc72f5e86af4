import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { parseOurTag, tagOf } from "@tandem/domain";
import { identityHash } from "./identity-hash.ts";

test("is SHA-256 in lower-case base32, cut to 26 characters", () => {
  // SHA-256("abc") = ba7816bf 8f01cfea 414140de 5dae2223 …
  expect(identityHash("abc")).toBe("xj4bnp4pahh6uqkbidpf3lrceo");
});

test("a latin1 character is one byte", () => {
  expect(identityHash("\u00e9")).not.toBe(identityHash("\u00c3\u00a9"));
});

test("makes call ids whose tags are recognised", () => {
  assert(
    property(string(), (text) => {
      expect(parseOurTag(tagOf(identityHash(text), "b1"))?.callId).toBe(identityHash(text));
    }),
  );
});
