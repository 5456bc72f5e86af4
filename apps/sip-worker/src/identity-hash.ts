import { hash } from "node:crypto";
import type { IdentityHash } from "@tandem/call-control";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const CHARACTERS = 26;

/** SHA-256 in lower-case base32 (RFC 4648 §6), cut to 26 characters: 130 bits, so that no two calls ever share an id. */
export const identityHash: IdentityHash = (text) => {
  const digest = hash("sha256", Buffer.from(text, "latin1"), "buffer");
  let out = "";
  let bits = 0;
  let held = 0;
  for (let at = 0; out.length < CHARACTERS;) {
    if (bits < 5) {
      held = ((held << 8) | (digest[at++] ?? 0)) & 0xffff;
      bits += 8;
    }
    bits -= 5;
    out += ALPHABET[(held >> bits) & 31] ?? "";
  }
  return out;
};
