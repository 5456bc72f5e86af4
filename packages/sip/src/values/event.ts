import { Cursor } from "./cursor.ts";
import { getParameter, parseParameters } from "./parameters.ts";

/** An Event value (RFC 6665 §8.2.1). */
export interface EventPackage {
  /** With its templates: `presence.winfo`. Compared byte by byte. */
  readonly name: string;
  readonly id: string | undefined;
}

/** Reads Event. */
export function parseEvent(value: string): EventPackage | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const name = cursor.token();
  const params = parseParameters(value, cursor.at);
  return name === "" || params === undefined ? undefined : { name, id: getParameter(params, "id") };
}
