import type { SipMessage } from "@tandem/sip";
import { onAckTimeout } from "./acknowledgement.ts";
import { releaseUnused } from "./attempt-end.ts";
import { awaitsCaller } from "./awaits-caller.ts";
import type { Call } from "./call.ts";
import { onNoResponse, onResponse } from "./called-responses.ts";
import { onCancelled } from "./cancellation.ts";
import { copyCall } from "./copy-call.ts";
import { onDeadline, onEnd, onTimer } from "./clockwork.ts";
import { noteDesk } from "./desk-step.ts";
import type { Effect } from "./effect.ts";
import { settleEnding } from "./ending.ts";
import type { CallEvent } from "./event.ts";
import { onGate } from "./failover.ts";
import { onRequest } from "./in-dialog.ts";
import { noteMessage } from "./ladder.ts";
import { onOrphanAnswer } from "./orphan-answer.ts";
import type { Received } from "./outgoing.ts";
import { withSaves } from "./persistence.ts";
import { settleHeld } from "./prack.ts";
import { onRedelivered, type Redelivery } from "./redelivery.ts";
import { onReplacingInvite } from "./replaces.ts";
import { onMixerFound, onRelayLost } from "./security-desk.ts";
import { onSeized } from "./seizure.ts";
import { beginCall } from "./setup.ts";
import { onTransferRouted } from "./transfer.ts";
import { exchangeOf, partyOf, placeOfRequest, sweepParties, type Turn } from "./turn.ts";

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
  const cameMs = Math.min(nowMs, cameAt(event) ?? nowMs);
  const turn: Turn = { call: copyCall(call), now: nowMs, cameMs, effects: [], finished: false };
  if (call.phase === "over") return { call: turn.call, effects: [] };
  noteEvent(turn, event);
  handle(turn, event);
  settleHeld(turn);
  settleEnding(turn);
  sweepParties(turn);
  releaseUnused(turn);
  if (turn.call.arrival !== null && !awaitsCaller(turn.call)) turn.call.arrival = null;
  return { call: turn.call, effects: withSaves(call, turn) };
}

function handle(turn: Turn, event: CallEvent): void {
  switch (event.kind) {
    case "invite":
      if (turn.call.phase === "new") return beginCall(turn, event);
      return onRedelivered(turn, againOf(event));
    case "redelivered":
      return onRedelivered(turn, event);
    case "replacing-invite":
      return onReplacingInvite(turn, event);
    case "request":
      return onRequest(turn, event.leg, receivedBy(event));
    case "response":
      return onResponse(turn, event);
    case "orphan-answer":
      return onOrphanAnswer(turn, event.response);
    case "no-response":
      return onNoResponse(turn, event);
    case "cancelled":
      return onCancelled(turn, event.transaction, event.cancel);
    case "ack-timeout":
      return onAckTimeout(turn, event.transaction);
    case "timer":
      return onTimer(turn, event);
    case "gate":
      return onGate(turn, event.trunk, event.result);
    case "seized":
      return onSeized(turn, event);
    case "transfer-routed":
      return onTransferRouted(turn, event);
    case "relay-lost":
      return onRelayLost(turn, event.inUse);
    case "mixer-found":
      return onMixerFound(turn, event.mixer);
    case "desk-outcome":
      return noteDesk(turn, event.outcome, event.sipCode);
    case "deadline":
      return onDeadline(turn, event.alive);
    case "end":
      return onEnd(turn, event.failure);
  }
}

/** The INVITE that made the call, once more: of the rest of the event only its way counts. */
function againOf({ transaction, request, arrival }: Extract<CallEvent, { kind: "invite" }>): Redelivery {
  return { transaction, request, ...(arrival !== undefined && { arrival }) };
}

function cameAt(event: CallEvent): number | undefined {
  return "cameMs" in event ? event.cameMs : undefined;
}

function receivedBy({ transaction, request, alive }: Extract<CallEvent, { kind: "request" }>): Received {
  return {
    transaction,
    message: request,
    ...(alive === undefined ? {} : { alive }),
  };
}

/** Messages that come in go into the ladder; what goes out is noted where it is sent. */
function noteEvent(turn: Turn, event: CallEvent): void {
  const { call } = turn;
  const heard = (trunk: string, summary: string): void => noteMessage(turn, "<", trunk, summary);
  switch (event.kind) {
    case "invite":
      heard(event.ingress.trunk, `INVITE ${event.request.uri}`);
      break;
    case "redelivered":
      heard(call.facts.ingressTrunk, `INVITE ${event.request.uri}`);
      break;
    case "replacing-invite":
      heard(event.profile.trunk, `INVITE ${event.request.uri}`);
      break;
    case "request":
      heard(trunkOfRequest(call, event.request), event.request.method);
      break;
    case "response": {
      const { status, reason, method } = event.response;
      heard(trunkOfExchange(call, event.exchange), `${status} ${reason} (${method})`);
      break;
    }
    case "cancelled":
      heard(call.facts.ingressTrunk, "CANCEL");
      break;
    default:
      break;
  }
}

function trunkOfRequest(call: Call, request: SipMessage): string {
  return placeOfRequest(call, request)?.party.profile.trunk ?? "";
}

function trunkOfExchange(call: Call, id: string): string {
  const party = exchangeOf(call, id)?.party ?? id.slice(0, Math.max(0, id.indexOf("-")));
  return partyOf(call, party)?.profile.trunk ?? "";
}
