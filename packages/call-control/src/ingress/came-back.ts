import { parseOurTag } from "@tandem/domain";
import { parseNameAddr, readTag, type SipMessage } from "@tandem/sip";
import type { CallStore, Clock } from "../ports/index.ts";
import { within } from "../timing/within.ts";
import { uriFacts } from "./request-facts.ts";

/** How long an INVITE waits for the answer whose call it names: such an INVITE is rare, and an emergency call may be among them. */
const LOOK_MS = 300;

export interface CallLookup {
  readonly store: Pick<CallStore, "load">;
  readonly clock: Clock;
  /** True while this process works on the call. */
  readonly works: (callId: string) => boolean;
}

/**
 * The call that an INVITE is of if a peer sent back what this cluster sent it, without having retargeted it: From carries a tag as we make them, and the
 * Request-URI still names whom To names. Null for any other; one that was retargeted is a spiral and goes on until Max-Forwards is used up.
 */
export function perhapsOf(message: SipMessage): string | null {
  const named = parseOurTag(readTag(message.get("From") ?? "") ?? "");
  if (named === null) return null;
  const to = parseNameAddr(message.get("To") ?? "");
  return to !== undefined && uriFacts(to.uri).user === uriFacts(message.uri).user ? named.callId : null;
}

/** Whether that call is one of this cluster. Another cluster's tags look the same, and its calls are welcome: without a record it is no loop of ours. */
export async function isOurs(callId: string, { store, clock, works }: CallLookup): Promise<boolean> {
  if (works(callId)) return true;
  const found = store.load(callId).then(
    (loaded) => loaded.ok && loaded.value !== null,
    () => false,
  );
  return within(clock, LOOK_MS, found, () => false);
}
