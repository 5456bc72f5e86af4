import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, StatusInput, Step, StopTimer, TimerInput, TransportErrorInput } from "./step.ts";
import type { TransactionSettings } from "./timers.ts";

/** The non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. `interval` is the last value of timer E. */
export type NonInviteClientState =
  | { readonly name: "trying"; readonly interval: number }
  | { readonly name: "proceeding" }
  | { readonly name: "completed" }
  | { readonly name: "terminated" };

export type NonInviteClientInput = StatusInput<"response"> | TimerInput | TransportErrorInput;

/** As for INVITE, but there is no ACK. */
export type NonInviteClientEffect =
  | { readonly type: "send-request" }
  | { readonly type: "pass-up" }
  | { readonly type: "fail"; readonly reason: "timeout" | "transport" }
  | StartTimer
  | StopTimer;

export type NonInviteClientStep = Step<NonInviteClientState, NonInviteClientEffect>;

const PROCEEDING: NonInviteClientState = { name: "proceeding" };
const COMPLETED: NonInviteClientState = { name: "completed" };
const TERMINATED: NonInviteClientState = { name: "terminated" };

const SEND_REQUEST: NonInviteClientEffect = { type: "send-request" };
const PASS_UP: NonInviteClientEffect = { type: "pass-up" };
const TIMEOUT: NonInviteClientEffect = { type: "fail", reason: "timeout" };
const UNREACHABLE: NonInviteClientEffect = { type: "fail", reason: "transport" };
const STOP_E = stopTimer("E");
const STOP_F = stopTimer("F");

/** "Request from TU": the first step. */
export function startNonInviteClient(settings: TransactionSettings): NonInviteClientStep {
  const state: NonInviteClientState = { name: "trying", interval: settings.t1 };
  const timerF = startTimer("F", settings.timeoutMs);
  // §17.1.2.2: timer E only runs over an unreliable transport.
  if (settings.reliable) return go(state, SEND_REQUEST, timerF);
  return go(state, SEND_REQUEST, startTimer("E", settings.t1), timerF);
}

/** Total: every input has its outcome in every state; one that does not belong there is absorbed. */
export function stepNonInviteClient(
  state: NonInviteClientState,
  input: NonInviteClientInput,
  settings: TransactionSettings,
): NonInviteClientStep {
  switch (state.name) {
    case "trying":
      return trying(state, input, settings);
    case "proceeding":
      return proceeding(state, input, settings);
    case "completed":
      return input.type === "timer" && input.timer === "K" ? go(TERMINATED) : stay(state);
    case "terminated":
      return stay(state);
  }
}

function trying(
  state: NonInviteClientState & { readonly name: "trying" },
  input: NonInviteClientInput,
  settings: TransactionSettings,
): NonInviteClientStep {
  switch (input.type) {
    case "response":
      return input.status < 200 ? go(PROCEEDING, PASS_UP) : answered(settings);
    case "timer":
      // §17.1.2.2: the interval doubles up to T2.
      if (input.timer === "E") return retransmit(Math.min(state.interval * 2, settings.t2));
      return input.timer === "F" ? go(TERMINATED, STOP_E, TIMEOUT) : stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_E, STOP_F, UNREACHABLE);
  }
}

function retransmit(interval: number): NonInviteClientStep {
  return go({ name: "trying", interval }, SEND_REQUEST, startTimer("E", interval));
}

function proceeding(
  state: NonInviteClientState,
  input: NonInviteClientInput,
  settings: TransactionSettings,
): NonInviteClientStep {
  switch (input.type) {
    case "response":
      return input.status < 200 ? go(PROCEEDING, PASS_UP) : answered(settings);
    case "timer":
      // §17.1.2.2: after a provisional response the interval is T2 at once.
      if (input.timer === "E") return go(PROCEEDING, SEND_REQUEST, startTimer("E", settings.t2));
      return input.timer === "F" ? go(TERMINATED, STOP_E, TIMEOUT) : stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_E, STOP_F, UNREACHABLE);
  }
}

/** A final response. §17.1.2.2: timer K is zero over a reliable transport. */
function answered(settings: TransactionSettings): NonInviteClientStep {
  if (settings.reliable) return go(TERMINATED, STOP_F, PASS_UP);
  return go(COMPLETED, STOP_E, STOP_F, startTimer("K", settings.t4), PASS_UP);
}
