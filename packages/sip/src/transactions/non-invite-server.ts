import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, StatusInput, Step, StopTimer, TimerInput, TransportErrorInput } from "./step.ts";
import { giveUpMs, type TransactionSettings } from "./timers.ts";

/** The non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. */
export type NonInviteServerState =
  | { readonly name: "trying" }
  | { readonly name: "proceeding" }
  | { readonly name: "completed" }
  | { readonly name: "terminated" };

/** `request`: the request again. */
export type NonInviteServerInput =
  | { readonly type: "request" }
  | StatusInput<"respond">
  | TimerInput
  | TransportErrorInput;

/**
 * - `pass-up`: the request goes to the user
 * - `send-response`: the response in hand, or else the one sent last, byte for byte
 * - `fail`: the response could not be sent, or the user gave none while anybody waited for it (`abandoned`)
 */
export type NonInviteServerEffect =
  | { readonly type: "pass-up" }
  | { readonly type: "send-response" }
  | { readonly type: "fail"; readonly reason: "transport" | "abandoned" }
  | StartTimer
  | StopTimer;

export type NonInviteServerStep = Step<NonInviteServerState, NonInviteServerEffect>;

const TRYING: NonInviteServerState = { name: "trying" };
const PROCEEDING: NonInviteServerState = { name: "proceeding" };
const COMPLETED: NonInviteServerState = { name: "completed" };
const TERMINATED: NonInviteServerState = { name: "terminated" };

const PASS_UP: NonInviteServerEffect = { type: "pass-up" };
const SEND_RESPONSE: NonInviteServerEffect = { type: "send-response" };
const UNREACHABLE: NonInviteServerEffect = { type: "fail", reason: "transport" };
const ABANDONED: NonInviteServerEffect = { type: "fail", reason: "abandoned" };
const STOP_ABANDON = stopTimer("ABANDON");

/**
 * The first step. Beyond figure 8: after 64*T1 without a final response the client's timer F has fired and an answer would only be
 * dropped (RFC 4320 §3), so the transaction ends instead of waiting for its user for ever.
 */
export function startNonInviteServer(settings: TransactionSettings): NonInviteServerStep {
  return go(TRYING, startTimer("ABANDON", giveUpMs(settings)), PASS_UP);
}

/** Total: every input has its outcome in every state; one that does not belong there is absorbed. */
export function stepNonInviteServer(
  state: NonInviteServerState,
  input: NonInviteServerInput,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (state.name) {
    case "trying":
      return trying(state, input, settings);
    case "proceeding":
      return proceeding(state, input, settings);
    case "completed":
      return completed(state, input);
    case "terminated":
      return stay(state);
  }
}

function trying(
  state: NonInviteServerState,
  input: NonInviteServerInput,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (input.type) {
    case "respond":
      return respond(input.status, settings);
    case "timer":
      return input.timer === "ABANDON" ? go(TERMINATED, ABANDONED) : stay(state);
    case "request":
    case "transport-error":
      return stay(state);
  }
}

function proceeding(
  state: NonInviteServerState,
  input: NonInviteServerInput,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (input.type) {
    case "request":
      return go(state, SEND_RESPONSE);
    case "respond":
      return respond(input.status, settings);
    case "timer":
      return input.timer === "ABANDON" ? go(TERMINATED, ABANDONED) : stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_ABANDON, UNREACHABLE);
  }
}

function respond(status: number, settings: TransactionSettings): NonInviteServerStep {
  if (status < 200) return go(PROCEEDING, SEND_RESPONSE);
  // §17.2.2: timer J is zero over a reliable transport.
  if (settings.reliable) return go(TERMINATED, STOP_ABANDON, SEND_RESPONSE);
  return go(COMPLETED, STOP_ABANDON, SEND_RESPONSE, startTimer("J", giveUpMs(settings)));
}

function completed(state: NonInviteServerState, input: NonInviteServerInput): NonInviteServerStep {
  switch (input.type) {
    case "request":
      return go(state, SEND_RESPONSE);
    case "timer":
      return input.timer === "J" ? go(TERMINATED) : stay(state);
    case "transport-error":
      return go(TERMINATED, stopTimer("J"), UNREACHABLE);
    case "respond":
      return stay(state);
  }
}
