import { awaitedInvite, callDeadline, parseCall } from "@tandem/domain";
import type { CallStore, Clock, IncomingRequest, SipPort, StoredCall, Telemetry } from "../ports/index.ts";
import { repeat, type RoundEnd } from "../timing/repeat.ts";
import { serverTransaction } from "./transaction-id.ts";

/** How long a call whose caller waits counts as attended to, milliseconds: several looks of a worker that lives, and a pause of the machine. */
export const ATTENDED_MS = 6_000;
const LOOK_MS = 1_000;
/** Looks after one that the store did not answer: whoever lives says so meanwhile, and nothing is taken. */
const LOOKS_OF_GRACE = 3;
/** Calls taken at a time from each part of the store. */
const BATCH = 64;

export interface AttendancePorts {
  readonly store: Pick<CallStore, "attend">;
  readonly sip: Pick<SipPort, "adopt" | "hasOtherEdge">;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, "log">;
}

/**
 * Every second this worker says which calls it sets up, and takes those of its pool that nobody sets up any more though the caller waits: their worker is gone, and if their edge is gone with it, nobody else has the
 * caller's INVITE. An edge that lives says so when the INVITE is brought to it, and deals with the loss itself. The returned function ends it.
 */
export function attendCallers(
  ports: AttendancePorts,
  { pool, mine }: { readonly pool: string; readonly mine: () => readonly string[] },
): () => Promise<void> {
  const { store, sip, clock, telemetry } = ports;
  let grace = 0;
  const look = async (): Promise<RoundEnd> => {
    // Without an edge it could bring an INVITE nowhere.
    const limit = grace === 0 && sip.hasOtherEdge(pool, "") ? BATCH : 0;
    const left = await store.attend({ pool, mine: mine(), forMs: ATTENDED_MS, limit });
    grace = left.ok ? Math.max(grace - 1, 0) : LOOKS_OF_GRACE;
    const invites = left.ok ? left.value.flatMap((call) => inviteOf(call, clock.now())) : [];
    for (const invite of invites) {
      telemetry.log("info", "nobody attends to a caller who waits: his edge is asked", { callId: invite.ofCall });
      sip.adopt(invite);
    }
    return "rest";
  };
  return repeat(clock, LOOK_MS, look);
}

/** None: the record cannot be read here, its caller has his answer, or its time is over, and whoever sweeps ends it. */
function inviteOf({ callId, document }: StoredCall, nowMs: number): readonly IncomingRequest[] {
  const call = parseCall(document);
  const awaited = call.ok && callDeadline(call.value) > nowMs ? awaitedInvite(call.value) : null;
  if (awaited === null) return [];
  const { transaction, message, pool, listener, address, port } = awaited;
  return [
    {
      transaction: serverTransaction(transaction),
      message,
      source: { address, port, transport: "udp" },
      pool,
      listener,
      tlsIdentities: [],
      redelivered: true,
      adopted: true,
      ofCall: callId,
    },
  ];
}
