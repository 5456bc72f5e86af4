import { CHAR } from "../characters.ts";
import { Cursor } from "./cursor.ts";
import { getParameter, parseParameters, type ParameterList } from "./parameters.ts";

/** A Content-Type or Accept element. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly name: string;
  readonly params: ParameterList;
  /** `boundary` of a multipart type, unquoted. */
  readonly boundary: string | undefined;
}

/** A Content-Disposition value (RFC 3261 §20.11). */
export interface ContentDisposition {
  /** Lower case: `session`, `render`, `alert`, … */
  readonly type: string;
  /** `required` when absent, as the RFC says. */
  readonly handling: "required" | "optional" | "other";
  readonly params: ParameterList;
}

/** Reads a media type; undefined when it has no `type/subtype`. */
export function parseMediaType(value: string): MediaType | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const type = cursor.token();
  if (type === "" || !cursor.eat(CHAR.slash)) return undefined;
  const subtype = cursor.token();
  if (subtype === "") return undefined;
  const params = parseParameters(value, cursor.at);
  if (params === undefined) return undefined;
  return { name: `${type}/${subtype}`.toLowerCase(), params, boundary: getParameter(params, "boundary") };
}

/** Reads a Content-Disposition. */
export function parseContentDisposition(value: string): ContentDisposition | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const type = cursor.token().toLowerCase();
  const params = parseParameters(value, cursor.at);
  if (type === "" || params === undefined) return undefined;
  const handling = (getParameter(params, "handling") ?? "required").toLowerCase();
  const known = handling === "required" || handling === "optional";
  return { type, handling: known ? handling : "other", params };
}
