import { isBlank, readDecimal, trimBlanks } from "../characters.ts";
import { Cursor } from "./cursor.ts";

/** RFC 3261 §8.1.1.5: the sequence number is less than 2^31. */
export const MAX_CSEQ = 2_147_483_647;

/** What some peers take for it; the same section: a 32-bit unsigned integer. */
const MAX_READABLE_CSEQ = 4_294_967_295;

/** RFC 3262 §7.1: RSeq is 1 to 2^32-1. */
const MAX_RSEQ = 4_294_967_295;

/** A CSeq value. */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/** A RAck value (RFC 3262 §7.2): which provisional response is acknowledged. */
export interface RAck {
  readonly responseNumber: number;
  readonly sequence: number;
  readonly method: string;
}

/** Reads CSeq (RFC 3261 §20.16); undefined for anything else. Numbers from 2^31 to 2^32-1 can be read, but `validateRequest` finds fault with them. */
export function parseCSeq(value: string): CSeq | undefined {
  const cursor = new Cursor(value);
  const sequence = readDecimal(word(cursor), MAX_READABLE_CSEQ);
  const method = word(cursor);
  return sequence === undefined || method === "" || !cursor.done ? undefined : { sequence, method };
}

/** Reads RAck. */
export function parseRAck(value: string): RAck | undefined {
  const cursor = new Cursor(value);
  const responseNumber = parseRSeq(word(cursor));
  const sequence = readDecimal(word(cursor), MAX_READABLE_CSEQ);
  const method = word(cursor);
  if (responseNumber === undefined || sequence === undefined || method === "" || !cursor.done) return undefined;
  return { responseNumber, sequence, method };
}

/** Reads RSeq. */
export function parseRSeq(value: string): number | undefined {
  const number = readDecimal(trimBlanks(value), MAX_RSEQ);
  return number === 0 ? undefined : number;
}

/** Reads Max-Forwards (RFC 3261 §20.22): 0 to 255. */
export function parseMaxForwards(value: string): number | undefined {
  return readDecimal(trimBlanks(value), 255);
}

/** The token here and the blanks around it; empty when something else stands here or directly after it. */
function word(cursor: Cursor): string {
  cursor.skipBlanks();
  const token = cursor.token();
  if (!cursor.done && !isBlank(cursor.code)) return "";
  cursor.skipBlanks();
  return token;
}
