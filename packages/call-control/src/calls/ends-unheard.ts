import type { Call, CallEvent, Effect } from "@tandem/domain";

/**
 * The set-up ends because nothing came of it here: no peer said so. Another worker may have heard what this one, cut off from its edge, could not: so the record is asked before anything is told, and
 * taken away.
 */
export function endsUnheard(before: Call | null, { kind }: CallEvent, effects: readonly Effect[]): boolean {
  const isSilence = kind === "no-response" || kind === "timer" || kind === "deadline";
  return isSilence && before?.phase === "setup" && effects.some((effect) => effect.kind === "finish");
}
