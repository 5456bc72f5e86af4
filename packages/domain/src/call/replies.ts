import { reasonPhrase, type HeaderLine } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import type { StoredResponse } from "./party.ts";
import { q850Line } from "./headers/reason.ts";
import { spread } from "./identity.ts";

/** A response of our own. */
export function reply(status: number, headers: readonly HeaderLine[] = [], body = ""): StoredResponse {
  return { status, reason: reasonPhrase(status), headers, body };
}

/** The response a failure of the catalogue gives. */
export function failureReply(failure: FailureCode, headers: readonly HeaderLine[] = []): StoredResponse {
  const { sip, sipReason, retryAfterS } = failureEntry(failure);
  const retry: readonly HeaderLine[] = retryAfterS === null ? [] : [["Retry-After", String(retryAfterS)]];
  return { status: sip, reason: sipReason, headers: [...retry, ...headers], body: "" };
}

/** 420 that names the options nobody here knows (RFC 3261 §8.2.2.3). */
export function unsupportedReply(options: readonly string[]): StoredResponse {
  return failureReply("unsupported-extension", [["Unsupported", options.join(", ")]]);
}

/** The response of a failure to an INVITE, with the Q.850 cause for peers that speak to a telephone network (RFC 3326). */
export function inviteFailureReply(failure: FailureCode, headers: readonly HeaderLine[] = []): StoredResponse {
  return failureReply(failure, [q850Line(failureEntry(failure).q850), ...headers]);
}

/** 491, or the 500 of RFC 3261 §14.2 whose Retry-After is somewhere in 0…10 s: spread by the call's id, not by chance. */
export function notNowReply(callId: string, failure: FailureCode): StoredResponse {
  const { sip, sipReason } = failureEntry(failure);
  const headers: readonly HeaderLine[] = sip === 500 ? [["Retry-After", String(spread(callId, 11))]] : [];
  return { status: sip, reason: sipReason, headers, body: "" };
}
