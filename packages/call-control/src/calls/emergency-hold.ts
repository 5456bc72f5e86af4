import type { Call, CallEvent } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { SipPort } from "../ports/index.ts";
import { isFirstInvite, requestOf } from "./open-requests.ts";
import { serverTransaction } from "./transaction-id.ts";

/** An INVITE, of either side, without which the emergency call does not come about. */
export function isEmergencySetup({ facts }: Pick<Call, "facts">, request: SipMessage): boolean {
  return facts.emergency !== null && !facts.emergency.test && isFirstInvite(request);
}

/** The edge that has the caller's INVITE is not to end before an emergency call is answered. */
export function holdCaller({ phase, facts }: Call, event: CallEvent, sip: SipPort): void {
  const carried = phase === "setup" ? requestOf(event) : null;
  if (carried === null || !isEmergencySetup({ facts }, carried.request)) return;
  sip.hold(serverTransaction(carried.transaction));
}
