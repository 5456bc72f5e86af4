import { randomBytes } from "node:crypto";

/** Where ids and branches come from. */
export interface Ids {
  /** Of a transaction: unique over restarts and edges. */
  transaction(): string;
  /** RFC 3261 §8.1.1.7. */
  branch(): string;
  /** RFC 3261 §19.3: at least 32 random bits. */
  tag(): string;
  /** In [0, 1). */
  random(): number;
}

/** 96 random bits of this process and a counter: unique without asking the system for randomness each time. */
export function createIds(): Ids {
  const prefix = randomBytes(12).toString("base64url").replaceAll(/[-_]/g, "x");
  let count = 0;
  return {
    transaction: () => `${prefix}.${(++count).toString(36)}`,
    branch: () => `z9hG4bK${prefix}.${(++count).toString(36)}`,
    tag: () => randomBytes(8).toString("hex"),
    random: () => Math.random(),
  };
}
