import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, Step, StopTimer, TimerInput } from "./step.ts";
import { giveUpMs, type TimerSettings } from "./timers.ts";

/**
 * The 2xx to an INVITE until its ACK: the part of a UAS core that RFC 3261 §13.3.1.4 asks for, kept beside the INVITE server
 * transaction because the user above keeps no dialog. `interval` is the last time between two repetitions.
 */
export type AnswerState =
  | { readonly name: "unacknowledged"; readonly interval: number }
  | { readonly name: "acknowledged" }
  | { readonly name: "given-up" };

export type AnswerInput = { readonly type: "ack" } | TimerInput;

/**
 * - `send-answer`: the 2xx again, byte for byte
 * - `pass-ack`: the first ACK goes to the user
 * - `ack-timeout`: no ACK came; the user should end the dialog with BYE
 */
export type AnswerEffect =
  | { readonly type: "send-answer" }
  | { readonly type: "pass-ack" }
  | { readonly type: "ack-timeout" }
  | StartTimer
  | StopTimer;

export type AnswerStep = Step<AnswerState, AnswerEffect>;

const ACKNOWLEDGED: AnswerState = { name: "acknowledged" };
const GIVEN_UP: AnswerState = { name: "given-up" };
const SEND_ANSWER: AnswerEffect = { type: "send-answer" };
const PASS_ACK: AnswerEffect = { type: "pass-ack" };
const ACK_TIMEOUT: AnswerEffect = { type: "ack-timeout" };
const STOP_ANSWER = stopTimer("ANSWER");
const STOP_ACK = stopTimer("ACK");

/** The 2xx was sent for the first time. It is repeated over every transport: a later hop may be unreliable (§13.3.1.4). */
export function startAnswer(timers: TimerSettings): AnswerStep {
  const state: AnswerState = { name: "unacknowledged", interval: timers.t1 };
  return go(state, startTimer("ANSWER", timers.t1), startTimer("ACK", giveUpMs(timers)));
}

/** Total: every input has its outcome in every state. Repeated ACKs are absorbed. */
export function stepAnswer(state: AnswerState, input: AnswerInput, timers: TimerSettings): AnswerStep {
  switch (state.name) {
    case "unacknowledged":
      return unacknowledged(state, input, timers);
    case "acknowledged":
    case "given-up":
      return stay(state);
  }
}

function unacknowledged(
  state: AnswerState & { readonly name: "unacknowledged" },
  input: AnswerInput,
  timers: TimerSettings,
): AnswerStep {
  if (input.type === "ack") return go(ACKNOWLEDGED, STOP_ANSWER, STOP_ACK, PASS_ACK);
  if (input.timer === "ACK") return go(GIVEN_UP, STOP_ANSWER, ACK_TIMEOUT);
  if (input.timer !== "ANSWER") return stay(state);
  const interval = Math.min(state.interval * 2, timers.t2);
  return go({ name: "unacknowledged", interval }, SEND_ANSWER, startTimer("ANSWER", interval));
}
