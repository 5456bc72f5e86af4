import { readDecimal } from "../characters.ts";
import { Cursor } from "./cursor.ts";
import { getParameter, parseParameters } from "./parameters.ts";

/** An Event value (RFC 6665 §8.2.1). */
export interface EventPackage {
  /** With its templates: `presence.winfo`. Compared byte by byte. */
  readonly name: string;
  readonly id: string | undefined;
}

/** A Subscription-State value (RFC 6665 §8.2.3). */
export interface SubscriptionState {
  /** Lower case: `active`, `pending`, `terminated` or an extension. */
  readonly state: string;
  /** Lower case: `deactivated`, `timeout`, `noresource`, … */
  readonly reason: string | undefined;
  readonly expiresSeconds: number | undefined;
  readonly retryAfterSeconds: number | undefined;
}

/** Reads Event. */
export function parseEvent(value: string): EventPackage | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const name = cursor.token();
  const params = parseParameters(value, cursor.at);
  return name === "" || params === undefined ? undefined : { name, id: getParameter(params, "id") };
}

/** Reads Subscription-State. */
export function parseSubscriptionState(value: string): SubscriptionState | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const state = cursor.token().toLowerCase();
  const params = parseParameters(value, cursor.at);
  if (state === "" || params === undefined) return undefined;
  const seconds = (name: string): number | undefined => readDecimal(getParameter(params, name) ?? "", 4_294_967_295);
  return {
    state,
    reason: getParameter(params, "reason")?.toLowerCase(),
    expiresSeconds: seconds("expires"),
    retryAfterSeconds: seconds("retry-after"),
  };
}
