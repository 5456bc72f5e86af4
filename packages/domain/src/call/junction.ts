import { formatReplaces, parseReplaces } from "@tandem/sip";
import { barePlan } from "./bare-plan.ts";
import type { Call } from "./call.ts";
import { numberOf } from "./headers/values.ts";
import type { AttemptPlan, LegProfile } from "./leg-profile.ts";
import { localTagOf } from "./outgoing.ts";
import { namedDialog } from "./replaces.ts";
import { peerOf } from "./turn.ts";

/** Pool of the legs that join two calls: what is sent there is handed to the other call's record. No pool of a topology can have this name. */
export const JUNCTION_POOL = "~calls";

const NOWHERE = "calls.invalid";

/** The leg between two joined calls: of no trunk, without limits and timers of its own; what one call lets pass, the other judges. */
export const junctionProfile: LegProfile = {
  trunk: "",
  pool: JUNCTION_POOL,
  listener: "",
  transport: "udp",
  contactHost: NOWHERE,
  peerHost: NOWHERE,
  nextHop: `sip:${NOWHERE}`,
  forwardPai: true,
  forwardHistory: true,
  forwardDiversion: true,
  trusted: true,
  refer: "pass",
  reliableProvisional: "off",
  maxEarlyDialogs: 1,
  sessionTimer: { offer: false, expiresS: 1_800, minSeS: 90, refresher: "either" },
  responseRules: [],
};

/**
 * For an attended transfer (RFC 5589 §7): the way to the far party of the call of ours that a Replaces value names, as an attempt at taking that dialog's
 * place in it (RFC 3891). The far party needs to know nothing of Replaces: it gets a re-INVITE. Null when the call has no such established dialog.
 */
export function junctionPlan(call: Call, replaces: string): AttemptPlan | null {
  const replaced = namedDialog(call, replaces) ?? namedDialog(call, reversed(replaces));
  const far = replaced === null ? null : peerOf(call, replaced);
  if (replaced === null || far === null || !replaced.dialog.confirmed || !far.dialog.confirmed) return null;
  const { party, dialog } = replaced;
  const reference = formatReplaces({
    callId: party.sipCallId,
    toTag: localTagOf(call, party, dialog),
    fromTag: dialog.remoteTag === "" ? "0" : dialog.remoteTag,
    earlyOnly: false,
  });
  return {
    ...barePlan(junctionProfile, { calledNumber: numberOf(far.dialog.target), callingNumber: "" }),
    progressTimeoutMs: 0,
    connectTimeoutMs: 4_000,
    ringTimeoutMs: 30_000,
    failoverCodes: [],
    headers: [["Replaces", reference]],
  };
}

/** The same dialog named from its other end. */
function reversed(value: string): string {
  const named = parseReplaces(value);
  return named === undefined ? "" : formatReplaces({ ...named, toTag: named.fromTag, fromTag: named.toTag });
}
