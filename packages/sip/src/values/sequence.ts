import { isToken, readDecimal, trimBlanks } from "../characters.ts";

/** RFC 3261 §8.1.1.5: the sequence number is less than 2^31. */
const MAX_CSEQ = 2_147_483_647;

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

/** Reads CSeq (RFC 3261 §20.16); undefined for anything else, numbers of 2^31 and above included. */
export function parseCSeq(value: string): CSeq | undefined {
  const [number, method, rest] = words(value);
  if (number === undefined || method === undefined || rest !== undefined || !isToken(method)) return undefined;
  const sequence = readDecimal(number, MAX_CSEQ);
  return sequence === undefined ? undefined : { sequence, method };
}

/** Reads RAck. */
export function parseRAck(value: string): RAck | undefined {
  const [response, number, method, rest] = words(value);
  if (response === undefined || number === undefined || method === undefined || rest !== undefined) return undefined;
  const responseNumber = parseRSeq(response);
  const sequence = readDecimal(number, MAX_CSEQ);
  if (responseNumber === undefined || sequence === undefined || !isToken(method)) return undefined;
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

/** Reads a delta-seconds value such as Expires or Min-Expires (RFC 3261 §20.19): 0 to 2^32-1 seconds. */
export function parseDeltaSeconds(value: string): number | undefined {
  return readDecimal(trimBlanks(value), 4_294_967_295);
}

/** Words between blanks, at most four: enough to tell that there is one too many. */
function words(value: string): readonly string[] {
  return trimBlanks(value).split(/[ \t]+/, 4);
}
