import { readDecimal, trimBlanks } from "../characters.ts";
import { getParameter, parseParameters } from "./parameters.ts";

/** RFC 4028 §4: delta-seconds. */
const MAX_SECONDS = 4_294_967_295;

/** A Session-Expires value (RFC 4028 §4). */
export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: "uac" | "uas" | undefined;
}

/** Reads Session-Expires; an unknown refresher counts as none. */
export function parseSessionExpires(value: string): SessionExpires | undefined {
  const seconds = leadingSeconds(value);
  const params = seconds === undefined ? undefined : parseParameters(value, paramsStart(value));
  if (seconds === undefined || params === undefined) return undefined;
  const refresher = getParameter(params, "refresher")?.toLowerCase();
  return { seconds, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

/** Reads Min-SE (RFC 4028 §5), seconds. */
export function parseMinSe(value: string): number | undefined {
  return leadingSeconds(value);
}

function paramsStart(value: string): number {
  const semicolon = value.indexOf(";");
  return semicolon < 0 ? value.length : semicolon;
}

function leadingSeconds(value: string): number | undefined {
  return readDecimal(trimBlanks(value, 0, paramsStart(value)), MAX_SECONDS);
}
