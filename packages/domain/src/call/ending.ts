import { outcomeOf, type FailureCode } from "../failure/catalogue.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { CallFacts } from "./facts.ts";
import { answerPending } from "./outgoing.ts";
import { reply } from "./replies.ts";
import type { Turn } from "./turn.ts";

/** Longest wait for the answers to our BYEs; their retransmission goes on at the edge. */
export const BYE_WAIT_MS = 6_000;
/** Longest wait for the end of a cancelled INVITE, or for the ACK before a BYE: 64*T1 and a little. */
const INVITE_WAIT_MS = 40_000;

/** How a call came to its end. */
export interface End {
  readonly failure: FailureCode | null;
  readonly endedBy: NonNullable<CallFacts["endedBy"]>;
  readonly q850: number | null;
}

/** The call is ending; the first cause counts. What is still open is waited for, but not for long. */
export function beginEnding(turn: Turn, end: End): void {
  const { call, now, cameMs } = turn;
  if (call.phase === "over") return;
  if (call.phase !== "ending") {
    call.phase = "ending";
    // The cause may have waited for the record: the peers' answers have their time all the same.
    call.endByMs = now + BYE_WAIT_MS;
    // Nor does a call end before it began, or before its answer, when what ended it came while that waited.
    const endMs = Math.max(call.createdMs, call.facts.answerMs, cameMs);
    Object.assign(call.facts, { endMs, failure: end.failure, endedBy: end.endedBy, q850: end.q850 });
  }
  call.exchanges = call.exchanges.filter(({ orphan }) => orphan !== true);
  const slow = call.owedByes.length > 0 || call.exchanges.some(({ method }) => method === "INVITE");
  call.endByMs = Math.max(call.endByMs, call.facts.endMs + (slow ? INVITE_WAIT_MS : BYE_WAIT_MS));
}

/** Finishes an ending call when nothing is open any more. Runs at the end of every step. */
export function settleEnding(turn: Turn): void {
  const { call } = turn;
  if (call.phase === "ending" && call.exchanges.length === 0 && call.owedByes.length === 0) finish(turn);
}

/** The call is over, whatever is still open. */
export function finish(turn: Turn): void {
  const { call, effects } = turn;
  if (turn.finished || call.phase === "over") return;
  for (const { purpose } of call.exchanges)
    if (purpose.kind === "relay") answerPending(turn, purpose.origin, reply(487));
  call.phase = "over";
  for (const trunk of call.reserved) effects.push({ kind: "release", trunk });
  call.reserved = [];
  const { facts } = call;
  const taken = call.attempts.find(({ answerMs }) => answerMs > 0) ?? call.attempts.at(-1);
  effects.push({
    kind: "observe",
    observation: {
      kind: "call-ended",
      ingressTrunk: facts.ingressTrunk,
      egressTrunk: taken?.trunk ?? "",
      outcome: outcomeOf(facts.failure),
      sipCode: facts.sipCode,
      emergency: emergencyCaller(call) !== null,
      durationMs: facts.answerMs === 0 ? 0 : facts.endMs - facts.answerMs,
    },
  });
  turn.finished = true;
}
