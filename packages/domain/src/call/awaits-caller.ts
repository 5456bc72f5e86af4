import type { Call } from "./call.ts";
import type { Unacked } from "./exchange.ts";

/**
 * Whether the caller still waits for an answer, or for one that its ACK says nothing of: then the INVITE by another way is this call's, and its answer goes there. An INVITE of a call that is
 * ending, or that is acknowledged, is none of its.
 */
export function awaitsCaller(call: Call): boolean {
  const { phase, caller } = call;
  return (phase === "setup" && caller !== null) || (phase === "up" && firstAnswer(call) !== undefined);
}

/** The answer to the INVITE that made the call, while its ACK is missing. */
export function firstAnswer({ unacked, parties }: Call): Unacked | undefined {
  const first = parties.find(({ id }) => id === "a")?.inviteCseq;
  return unacked.find(
    ({ request, cseq }) => request.method === "INVITE" && request.dialog.startsWith("a") && cseq === first,
  );
}
