import type { Call } from "./call.ts";
import type { Effect } from "./effect.ts";
import { isSame } from "./plain-data.ts";
import type { Turn } from "./turn.ts";

/**
 * Puts the saves where they belong. What must not happen twice or be forgotten is written ahead: whatever takes a CSeq number, the answer to the
 * caller, and from the answer on whatever answers a request, because then any worker may serve the next message.
 * Everything else is stored when convenient; a step that changed nothing is not stored.
 */
export function withSaves(before: Call, turn: Turn): readonly Effect[] {
  const { effects } = turn;
  if (turn.finished) return [...effects, { kind: "finish" }];
  if (effects.some((effect) => isWrittenAhead(effect, turn.call)))
    return [{ kind: "save" }, ...effects.filter(({ kind }) => kind !== "save")];
  return saysTheSame(before, turn.call) ? effects : [...effects, { kind: "save-lazily" }];
}

function isWrittenAhead(effect: Effect, call: Call): boolean {
  if (effect.kind === "save") return true;
  // An ACK takes no CSeq number of its own.
  if (effect.kind === "send") return effect.request.method !== "ACK";
  if (effect.kind !== "respond") return effect.kind === "route-transfer";
  return effect.response.status >= 200 && call.phase !== "setup" && call.phase !== "new";
}

/** A line in the ladder alone is not worth a write. */
function saysTheSame(before: Call, after: Call): boolean {
  return !differsAtAGlance(before, after) && isSame({ ...before, ladder: null }, { ...after, ladder: null });
}

/** What most steps change. Looked at first: whole records are compared for the few steps that changed none of it. */
function differsAtAGlance(before: Call, after: Call): boolean {
  return (
    before.phase !== after.phase ||
    before.facts.ringMs !== after.facts.ringMs ||
    before.unacked.length !== after.unacked.length ||
    before.exchanges.length !== after.exchanges.length ||
    before.parties.length !== after.parties.length
  );
}
