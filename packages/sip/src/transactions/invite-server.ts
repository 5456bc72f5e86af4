import { go, startTimer, stay, stopTimer } from "./step.ts";
import type { StartTimer, StatusInput, Step, StopTimer, TimerInput, TransportErrorInput } from "./step.ts";
import { giveUpMs, type TransactionSettings } from "./timers.ts";

/**
 * The INVITE server transaction: RFC 3261 §17.2.1 and figure 7, with the Accepted state of RFC 6026 §7.1.
 * `provisional` tells whether any provisional response was sent yet; `interval` is the last value of timer G.
 */
export type InviteServerState =
  | { readonly name: "proceeding"; readonly provisional: boolean }
  | { readonly name: "accepted" }
  | { readonly name: "completed"; readonly interval: number }
  | { readonly name: "confirmed" }
  | { readonly name: "terminated" };

/** `request`: the INVITE again. `ack`: an ACK that matches this transaction (§17.2.3), to a non-2xx response or to the 2xx. */
export type InviteServerInput =
  | { readonly type: "request" }
  | { readonly type: "ack" }
  | StatusInput<"respond">
  | TimerInput
  | TransportErrorInput;

/**
 * - `pass-up`: the INVITE goes to the user
 * - `send-trying`: 100 Trying
 * - `send-response`: the response in hand, or else the one sent last, byte for byte
 * - `pass-ack`: the ACK to a 2xx goes to the user
 * - `fail`: no ACK came (`timeout`) or the response could not be sent
 */
export type InviteServerEffect =
  | { readonly type: "pass-up" }
  | { readonly type: "send-trying" }
  | { readonly type: "send-response" }
  | { readonly type: "pass-ack" }
  | { readonly type: "fail"; readonly reason: "timeout" | "transport" }
  | StartTimer
  | StopTimer;

export type InviteServerStep = Step<InviteServerState, InviteServerEffect>;

const RINGING: InviteServerState = { name: "proceeding", provisional: true };
const SILENT: InviteServerState = { name: "proceeding", provisional: false };
const ACCEPTED: InviteServerState = { name: "accepted" };
const CONFIRMED: InviteServerState = { name: "confirmed" };
const TERMINATED: InviteServerState = { name: "terminated" };

const PASS_UP: InviteServerEffect = { type: "pass-up" };
const SEND_TRYING: InviteServerEffect = { type: "send-trying" };
const SEND_RESPONSE: InviteServerEffect = { type: "send-response" };
const PASS_ACK: InviteServerEffect = { type: "pass-ack" };
const NO_ACK: InviteServerEffect = { type: "fail", reason: "timeout" };
const UNREACHABLE: InviteServerEffect = { type: "fail", reason: "transport" };
const STOP_TRYING = stopTimer("TRYING");
const STOP_G = stopTimer("G");
const STOP_H = stopTimer("H");

/** The first step. §17.2.1: 100 unless the user is known to answer within 200 ms; `tryingAfterMs` decides. */
export function startInviteServer(settings: TransactionSettings): InviteServerStep {
  if (settings.tryingAfterMs <= 0) return go(RINGING, SEND_TRYING, PASS_UP);
  return go(SILENT, startTimer("TRYING", settings.tryingAfterMs), PASS_UP);
}

/** Total: every input has its outcome in every state; one that does not belong there is absorbed. */
export function stepInviteServer(
  state: InviteServerState,
  input: InviteServerInput,
  settings: TransactionSettings,
): InviteServerStep {
  switch (state.name) {
    case "proceeding":
      return proceeding(state, input, settings);
    case "accepted":
      return accepted(state, input);
    case "completed":
      return completed(state, input, settings);
    case "confirmed":
      return input.type === "timer" && input.timer === "I" ? go(TERMINATED) : stay(state);
    case "terminated":
      return stay(state);
  }
}

function proceeding(
  state: InviteServerState & { readonly name: "proceeding" },
  input: InviteServerInput,
  settings: TransactionSettings,
): InviteServerStep {
  switch (input.type) {
    case "request":
      // §17.2.1: the most recent provisional response again.
      return state.provisional ? go(state, SEND_RESPONSE) : stay(state);
    case "respond": {
      const next = respond(input.status, settings);
      return state.provisional ? next : go(next.state, STOP_TRYING, ...next.effects);
    }
    case "timer":
      return input.timer === "TRYING" && !state.provisional ? go(RINGING, SEND_TRYING) : stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_TRYING, UNREACHABLE);
    case "ack":
      return stay(state);
  }
}

function respond(status: number, settings: TransactionSettings): InviteServerStep {
  if (status < 200) return go(RINGING, SEND_RESPONSE);
  // RFC 6026 §7.1: Accepted absorbs the INVITE's repetitions; who repeats the 2xx is the user (here: `answer.ts`).
  if (status < 300) return go(ACCEPTED, SEND_RESPONSE, startTimer("L", giveUpMs(settings)));
  const state: InviteServerState = { name: "completed", interval: settings.t1 };
  const timerH = startTimer("H", giveUpMs(settings));
  // §17.2.1: timer G only runs over an unreliable transport.
  if (settings.reliable) return go(state, SEND_RESPONSE, timerH);
  return go(state, SEND_RESPONSE, startTimer("G", settings.t1), timerH);
}

function accepted(state: InviteServerState, input: InviteServerInput): InviteServerStep {
  switch (input.type) {
    case "ack":
      return go(state, PASS_ACK);
    case "respond":
      return input.status >= 200 && input.status < 300 ? go(state, SEND_RESPONSE) : stay(state);
    case "timer":
      return input.timer === "L" ? go(TERMINATED) : stay(state);
    case "request":
      return stay(state);
    case "transport-error":
      // RFC 6026 §7.1: the user is told; the transaction stays until timer L, because the user repeats the 2xx.
      return go(state, UNREACHABLE);
  }
}

function completed(
  state: InviteServerState & { readonly name: "completed" },
  input: InviteServerInput,
  settings: TransactionSettings,
): InviteServerStep {
  switch (input.type) {
    case "request":
      return go(state, SEND_RESPONSE);
    case "ack":
      // §17.2.1: timer I is zero over a reliable transport.
      if (settings.reliable) return go(TERMINATED, STOP_H);
      return go(CONFIRMED, STOP_G, STOP_H, startTimer("I", settings.t4));
    case "timer":
      if (input.timer === "G") return retransmit(Math.min(state.interval * 2, settings.t2));
      return input.timer === "H" ? go(TERMINATED, STOP_G, NO_ACK) : stay(state);
    case "transport-error":
      return go(TERMINATED, STOP_G, STOP_H, UNREACHABLE);
    case "respond":
      return stay(state);
  }
}

/** §17.2.1: timer G doubles up to T2. */
function retransmit(interval: number): InviteServerStep {
  return go({ name: "completed", interval }, SEND_RESPONSE, startTimer("G", interval));
}
