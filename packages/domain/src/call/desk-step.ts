import type { Turn } from "./turn.ts";

/**
 * What can become of a desk. `called`, then `joined` (it answered, and hears) or `refused` (it did not answer, or could not be called), and `left` when it hung
 * up before the call ended. `no-relay`: no media relay answered, so the call went without; `relay-lost`: it failed later. `no-media`: the call's audio passes
 * no relay, for its INVITE brought no offer, or it was an ordinary call when it was answered. `no-mixer`: the desk was to be heard, and only hears, for no mixer answered or
 * the two do not talk G.711; `mixer-lost`: the mixer failed later, so the two hear each other without it and the desk's leg ended.
 */
export type DeskOutcome =
  | "called"
  | "joined"
  | "refused"
  | "left"
  | "no-relay"
  | "relay-lost"
  | "no-media"
  | "no-mixer"
  | "mixer-lost";

/** One thing that became of the desk. */
export interface DeskStep {
  readonly outcome: DeskOutcome;
  readonly atMs: number;
  /** Final status the desk answered with; null: it did not, or it is not about that. */
  readonly sipCode: number | null;
}

/** More than these are not kept: a call that goes on forgets what is new, not how it began. */
const MOST_STEPS = 16;

/** Takes down what became of the desk, for the emergency record. What is told twice is one thing. */
export function noteDesk({ call: { facts }, now }: Turn, outcome: DeskOutcome, sipCode: number | null = null): void {
  if (facts.desk.at(-1)?.outcome === outcome || facts.desk.length >= MOST_STEPS) return;
  facts.desk = [...facts.desk, { outcome, atMs: now, sipCode }];
}
