import { invitedUri, parseCall, parseOurTag, sipCallIdOf, type PartyId } from "@tandem/domain";
import { readTag, type SipMessage } from "@tandem/sip";
import type { CallStore, Clock, StoredCall } from "../ports/index.ts";
import { within } from "../timing/within.ts";

/** How long an INVITE waits for the answer whose call it names: such an INVITE is rare. */
const LOOK_MS = 300;

export interface CallLookup {
  readonly store: Pick<CallStore, "load">;
  readonly clock: Clock;
}

/** The call that an INVITE may be of, as far as the INVITE says, and the party that it was sent to. */
export interface PerhapsOurs {
  readonly callId: string;
  readonly party: PartyId;
}

/** The call that an INVITE is of if a peer sent back what this cluster sent it: Call-ID and the tag of From are as we make them. Null for any other. */
export function perhapsOf(message: SipMessage): PerhapsOurs | null {
  const named = parseOurTag(readTag(message.get("From") ?? "") ?? "");
  if (named === null) return null;
  const { callId, party } = named;
  return message.get("Call-ID") === sipCallIdOf(callId, party) ? { callId, party } : null;
}

/**
 * Whether a call of this cluster sent that INVITE, with that Request-URI. One that was retargeted is a spiral (RFC 3261 §16.3 no. 4) and goes on until the marks of its path
 * or Max-Forwards end it. Another cluster's tags look the same, and its calls are welcome: without a record it is no loop of ours.
 */
export async function isOurs(
  { callId, party }: PerhapsOurs,
  uri: string,
  { store, clock }: CallLookup,
): Promise<boolean> {
  const found = store.load(callId).then(
    (loaded) => loaded.ok && loaded.value !== null && isAsSent(loaded.value, party, uri),
    () => false,
  );
  return within(clock, LOOK_MS, found, () => false);
}

function isAsSent({ document }: StoredCall, party: PartyId, uri: string): boolean {
  const call = parseCall(document);
  return call.ok && invitedUri(call.value, party) === uri;
}
