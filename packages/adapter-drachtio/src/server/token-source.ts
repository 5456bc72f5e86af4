import { randomBytes } from "node:crypto";

/**
 * Short names that no other process and no earlier life of this one gives: message ids, made-up transaction ids, tags, Call-IDs.
 * Unique, not secret.
 */
export class TokenSource {
  readonly #prefix: string;
  #last = 0;

  constructor(prefix: string = randomBytes(6).toString("hex")) {
    this.#prefix = prefix;
  }

  next(): string {
    this.#last += 1;
    return `${this.#prefix}-${this.#last.toString(36)}`;
  }
}
