import type { UriFacts } from "../routing/decision.ts";

const diallable = /^\+?[\d*#]+$/;
const separators = /[-.() ]/g;
const numberWithSeparators = /^\+?[-.() 0-9*#A-Da-d]*[0-9*#][-.() 0-9*#A-Da-d]*$/;

/**
 * What was dialled, as the text that emergency tables, dial plans and routes see: the user part of a SIP URI or the number of a tel URI.
 * Visual separators mean nothing in a number (RFC 3966 §5.1.1) and fall away; a user part that is no number stays as it is.
 */
export function dialledNumber(uri: UriFacts): string {
  if (uri.scheme !== "sip" && uri.scheme !== "sips" && uri.scheme !== "tel") return "";
  return numberWithSeparators.test(uri.user) ? uri.user.replaceAll(separators, "") : uri.user;
}

/** True for a number that can be called back as it is: digits, `*` and `#`, with or without a leading `+`. */
export function isDiallable(number: string): boolean {
  return diallable.test(number);
}
