import type { Call } from "./call.ts";
import type { AttemptFacts } from "./facts.ts";

/**
 * A call that nobody serves any more, as its detail records shall show it: over at `nowMs`, for lack of a node unless it was ending already. No message
 * goes to the peers; there is nobody left to send one.
 */
export function abandonedCall(call: Call, nowMs: number): Call {
  const { facts } = call;
  const ended = facts.endMs !== 0;
  return {
    ...call,
    phase: "over",
    attempts: call.attempts.map((attempt) => abandonedAttempt(attempt, nowMs)),
    facts: ended ? facts : { ...facts, endMs: nowMs, failure: "node-lost", endedBy: "system" },
  };
}

function abandonedAttempt(attempt: AttemptFacts, nowMs: number): AttemptFacts {
  if (attempt.outcome !== "") return attempt;
  return { ...attempt, endMs: nowMs, outcome: "node-lost" };
}
