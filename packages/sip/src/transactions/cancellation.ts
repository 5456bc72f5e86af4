import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, Step, StopTimer, TimerInput } from "./step.ts";
import { giveUpMs, type TimerSettings } from "./timers.ts";

/**
 * Cancelling an INVITE we sent: RFC 3261 §9.1, beside the INVITE client transaction.
 * `early`: no response yet. `ringing`: a provisional one came. `held`: cancelled by the user before that. `sent`: CANCEL is out.
 */
export type CancellationState =
  | { readonly name: "early" }
  | { readonly name: "ringing" }
  | { readonly name: "held" }
  | { readonly name: "sent" }
  | { readonly name: "over" };

/** `provisional` and `final` are responses to the INVITE. */
export type CancellationInput =
  | { readonly type: "cancel" }
  | { readonly type: "provisional" }
  | { readonly type: "final" }
  | TimerInput;

/** `give-up`: the INVITE counts as cancelled although no final response came. */
export type CancellationEffect =
  | { readonly type: "send-cancel" }
  | { readonly type: "give-up" }
  | StartTimer
  | StopTimer;

export type CancellationStep = Step<CancellationState, CancellationEffect>;

/** The state when the INVITE is sent. */
export const NOT_CANCELLED: CancellationState = { name: "early" };

const RINGING: CancellationState = { name: "ringing" };
const HELD: CancellationState = { name: "held" };
const SENT: CancellationState = { name: "sent" };
const OVER: CancellationState = { name: "over" };
const SEND_CANCEL: CancellationEffect = { type: "send-cancel" };
const GIVE_UP: CancellationEffect = { type: "give-up" };

/** Total: every input has its outcome in every state. */
export function stepCancellation(
  state: CancellationState,
  input: CancellationInput,
  timers: TimerSettings,
): CancellationStep {
  if (state.name === "over") return stay(state);
  switch (input.type) {
    case "cancel":
      // §9.1: no CANCEL before a provisional response.
      if (state.name === "early") return go(HELD);
      return state.name === "ringing" ? sendCancel(timers) : stay(state);
    case "provisional":
      if (state.name === "early") return go(RINGING);
      return state.name === "held" ? sendCancel(timers) : stay(state);
    case "final":
      return state.name === "sent" ? go(OVER, stopTimer("CANCEL")) : go(OVER);
    case "timer":
      return state.name === "sent" && input.timer === "CANCEL" ? go(OVER, GIVE_UP) : stay(state);
  }
}

/** §9.1: without a final response the INVITE is considered cancelled 64*T1 after the CANCEL. */
function sendCancel(timers: TimerSettings): CancellationStep {
  return go(SENT, SEND_CANCEL, startTimer("CANCEL", giveUpMs(timers)));
}
