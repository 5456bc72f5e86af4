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
