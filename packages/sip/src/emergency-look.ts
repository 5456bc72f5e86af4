import type { SipMessage } from "./message.ts";
import { readTag } from "./values/tag.ts";

/** Dial strings are short, an access prefix included; only who knows the topology can tell for sure. */
const SHORT_NUMBER = /^[0-9*#]{2,10}$/;

/**
 * Whether an INVITE may be an emergency call, as far as the message alone tells: to an emergency service (RFC 5031), to a short number, or with
 * `Priority: emergency`. Such a message is let off faults that another one is refused for; who knows the numbers decides what it is.
 */
export function looksLikeEmergency(message: SipMessage): boolean {
  if (message.method !== "INVITE") return false;
  if (message.get("Priority")?.trim().toLowerCase() === "emergency") return true;
  const [scheme, rest] = split(message.uri.replace("<", "").toLowerCase(), ":");
  if (scheme === "urn") return /^service:(?:test\.)?sos(?:[.;?#]|$)/.test(rest);
  if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel") return false;
  const [user = ""] = rest.split(/[@;?>]/, 1);
  return SHORT_NUMBER.test(user.replaceAll(/[-.() ]|%20/g, "").replace(/^(?:\+|%2b)/, ""));
}

/**
 * Whether a request is served as far as it can be read, whatever is wrong with its form (NENA-STA-010.3): it may be an emergency call, or belongs to a call,
 * which may be one.
 */
export function isLetOffForm(request: SipMessage): boolean {
  if (request.method === "CANCEL" || readTag(request.get("To") ?? "") !== undefined) return true;
  return looksLikeEmergency(request);
}

function split(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
