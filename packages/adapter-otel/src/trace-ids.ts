import { createHash } from "node:crypto";
import type { IdGenerator } from "@opentelemetry/sdk-trace";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const BITS_PER_CHARACTER = 5n;
const TRACE_BITS = 128n;

/**
 * The W3C trace id of a call: the first 128 bits of the call id (26 base32 characters are 130), as 32 hexadecimal digits. So one leads to the other
 * in logs, detail records and traces. Any other text is hashed.
 */
export function traceIdOf(callId: string): string {
  const digits = callId.split("").map((character) => ALPHABET.indexOf(character));
  if (digits.length !== 26 || digits.includes(-1)) return digestOf(callId, 32);
  const bits = digits.reduce((value, digit) => (value << BITS_PER_CHARACTER) | BigInt(digit), 0n);
  const id = bits >> (BITS_PER_CHARACTER * 26n - TRACE_BITS);
  return id.toString(16).padStart(32, "0");
}

/** The span id of a part of a call: always the same, so that a call told twice is one trace. */
export function spanIdOf(callId: string, part: string): string {
  return digestOf(`${callId}/${part}`, 16);
}

function digestOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

/** Gives the SDK the ids we choose: set before each span is started. */
export class ChosenIds implements IdGenerator {
  traceId = "";
  spanId = "";

  generateTraceId(): string {
    return this.traceId;
  }

  generateSpanId(): string {
    return this.spanId;
  }
}
