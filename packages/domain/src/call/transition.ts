import type { Call } from "./call.ts";
import type { Effect } from "./effect.ts";
import type { CallEvent } from "./event.ts";

export interface Step {
  /** The record after the event. */
  readonly call: Call;
  /** What the shell must do, in order. */
  readonly effects: readonly Effect[];
}

/**
 * The call machine: what becomes of `call` by `event` at `nowMs` (epoch ms), and what must be done. Total: every event in every state has an
 * outcome, whatever a message holds. Pure: `call` is not changed, and the same arguments give the same step.
 */
export function transition(call: Call, event: CallEvent, nowMs: number): Step {
  void event;
  void nowMs;
  return { call, effects: [] };
}
