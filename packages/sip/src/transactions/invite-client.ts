import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, StatusInput, Step, StopTimer, TimerInput, TransportErrorInput } from "./step.ts";
import { giveUpMs, timerD, type TransactionSettings } from "./timers.ts";

/**
 * The INVITE client transaction: RFC 3261 §17.1.1 and figure 5, with the Accepted state of RFC 6026 §7.2, figure 5 there.
 * `interval` is the last value of timer A.
 */
export type InviteClientState =
  | { readonly name: "calling"; readonly interval: number }
  | { readonly name: "proceeding" }
  | { readonly name: "accepted" }
  | { readonly name: "completed" }
  | { readonly name: "terminated" };

export type InviteClientInput = StatusInput<"response"> | TimerInput | TransportErrorInput;

/**
 * - `send-request`: the INVITE as it was sent first, byte for byte
 * - `send-ack`: the ACK to the non-2xx final response in hand (§17.1.1.3)
 * - `pass-up`: the response in hand goes to the user
 * - `fail`: tell the user that no (further) response will come
 */
export type InviteClientEffect =
  | { readonly type: "send-request" }
  | { readonly type: "send-ack" }
  | { readonly type: "pass-up" }
  | { readonly type: "fail"; readonly reason: "timeout" | "transport" }
  | StartTimer
  | StopTimer;

export type InviteClientStep = Step<InviteClientState, InviteClientEffect>;

const PROCEEDING: InviteClientState = { name: "proceeding" };
const ACCEPTED: InviteClientState = { name: "accepted" };
const COMPLETED: InviteClientState = { name: "completed" };
const TERMINATED: InviteClientState = { name: "terminated" };

const SEND_REQUEST: InviteClientEffect = { type: "send-request" };
const SEND_ACK: InviteClientEffect = { type: "send-ack" };
const PASS_UP: InviteClientEffect = { type: "pass-up" };
const TIMEOUT: InviteClientEffect = { type: "fail", reason: "timeout" };
const UNREACHABLE: InviteClientEffect = { type: "fail", reason: "transport" };
const STOP_A = stopTimer("A");
const STOP_B = stopTimer("B");

/** "INVITE from TU": the first step. */
export function startInviteClient(settings: TransactionSettings): InviteClientStep {
  const state: InviteClientState = { name: "calling", interval: settings.t1 };
  const timerB = startTimer("B", settings.timeoutMs);
  // §17.1.1.2: timer A only runs over an unreliable transport.
  if (settings.reliable) return go(state, SEND_REQUEST, timerB);
  return go(state, SEND_REQUEST, startTimer("A", settings.t1), timerB);
}

/** Total: every input has its outcome in every state; one that does not belong there is absorbed. */
export function stepInviteClient(
  state: InviteClientState,
  input: InviteClientInput,
  settings: TransactionSettings,
): InviteClientStep {
  switch (state.name) {
    case "calling":
      return calling(state, input, settings);
    case "proceeding":
      return input.type === "response" ? answered(input.status, settings) : stay(state);
    case "accepted":
      return accepted(state, input);
    case "completed":
      return completed(state, input);
    case "terminated":
      return stay(state);
  }
}

function calling(
  state: InviteClientState & { readonly name: "calling" },
  input: InviteClientInput,
  settings: TransactionSettings,
): InviteClientStep {
  switch (input.type) {
    case "response": {
      const next = answered(input.status, settings);
      return go(next.state, STOP_A, STOP_B, ...next.effects);
    }
    case "timer":
      if (input.timer === "A") return retransmit(state.interval * 2);
      if (input.timer === "B") return go(TERMINATED, STOP_A, TIMEOUT);
      return stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_A, STOP_B, UNREACHABLE);
  }
}

/** §17.1.1.2: timer A doubles without a bound; timer B ends it. */
function retransmit(interval: number): InviteClientStep {
  return go({ name: "calling", interval }, SEND_REQUEST, startTimer("A", interval));
}

/** A response in Calling or Proceeding. */
function answered(status: number, settings: TransactionSettings): InviteClientStep {
  if (status < 200) return go(PROCEEDING, PASS_UP);
  // RFC 6026 §7.2: a 2xx leads to Accepted, so that those of other forks and their repetitions find the transaction.
  if (status < 300) return go(ACCEPTED, startTimer("M", giveUpMs(settings)), PASS_UP);
  // §17.1.1.2: timer D is zero over a reliable transport.
  if (settings.reliable) return go(TERMINATED, SEND_ACK, PASS_UP);
  return go(COMPLETED, SEND_ACK, startTimer("D", timerD(settings)), PASS_UP);
}

function accepted(state: InviteClientState, input: InviteClientInput): InviteClientStep {
  switch (input.type) {
    case "response":
      return input.status >= 200 && input.status < 300 ? go(state, PASS_UP) : stay(state);
    case "timer":
      return input.timer === "M" ? go(TERMINATED) : stay(state);
    case "transport-error":
      return stay(state);
  }
}

function completed(state: InviteClientState, input: InviteClientInput): InviteClientStep {
  switch (input.type) {
    case "response":
      return input.status >= 300 ? go(state, SEND_ACK) : stay(state);
    case "timer":
      return input.timer === "D" ? go(TERMINATED) : stay(state);
    case "transport-error":
      // The ACK could not be sent. The user has its final response already and may ignore this.
      return go(TERMINATED, stopTimer("D"), UNREACHABLE);
  }
}
