import { parseRSeq, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { LegProfile } from "../leg-profile.ts";
import { optionTags } from "./values.ts";

/** Options each leg settles by itself: they are written anew where they apply and never just passed on. */
export const SETTLED_OPTIONS: ReadonlySet<string> = new Set(["100rel", "timer"]);

/** What a caller says about reliable provisional responses. */
export type ReliableWish = "no" | "supported" | "required";

export function reliableWish(invite: SipMessage): ReliableWish {
  if (optionTags(invite, "Require").includes("100rel")) return "required";
  return optionTags(invite, "Supported").includes("100rel") ? "supported" : "no";
}

/**
 * What our INVITE says about 100rel (RFC 3262 §4). Without the caller's help an INVITE without offer must not ask for it: the first reliable
 * response would hold an offer that only the caller can answer in PRACK (§5).
 */
export function reliableOffer(
  mode: LegProfile["reliableProvisional"],
  wish: ReliableWish,
  offerless: boolean,
): readonly HeaderLine[] {
  if (mode === "off" || (wish === "no" && (mode === "pass" || offerless))) return [];
  return mode === "require" || wish === "required" ? [["Require", "100rel"]] : [["Supported", "100rel"]];
}

/** RSeq of a provisional response that is reliable; null for the others. */
export function reliableNumber(response: SipMessage): number | null {
  if (response.status <= 100 || response.status >= 200) return null;
  return optionTags(response, "Require").includes("100rel") ? (parseRSeq(response.get("RSeq") ?? "") ?? null) : null;
}
