import { createHash, timingSafeEqual } from "node:crypto";

/** Compares secrets in a time that tells nothing about them, their length included. */
export function createSecretCheck(secret: string): (candidate: string) => boolean {
  const expected = digest(secret);
  return (candidate) => timingSafeEqual(digest(candidate), expected);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "latin1").digest();
}
