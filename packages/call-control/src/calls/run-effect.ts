import { assertNever, err, type Effect, type ExchangeId } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { TransferRoute } from "./call-shell.ts";
import { besideCall, FAULT, sure, type EffectContext } from "./effect-context.ts";
import { isEmergencySetup } from "./emergency-hold.ts";
import { answerKey, ExchangeEvents, isAnswer } from "./exchange-events.ts";
import { observe } from "./observations.ts";
import { serverTransaction } from "./transaction-id.ts";
import { release, reserve, seize } from "./trunk-places.ts";
import { unattended } from "./unattended.ts";

/** An effect that is done at once; storing and finishing are the actor's own. */
export type ImmediateEffect = Exclude<Effect, { kind: "save" | "save-lazily" | "finish" }>;

/** Does what the machine asks for. Nothing here waits: answers come back as events. */
export function runEffect(effect: ImmediateEffect, context: EffectContext): void {
  const { call, work, shell } = context;
  switch (effect.kind) {
    case "send":
      return send(effect, context);
    case "respond":
      return respond(effect, context);
    case "acknowledged":
      return tellAcknowledged(effect, context);
    case "moved":
      return shell.ports.sip.unhold(serverTransaction(effect.transaction));
    case "cancel":
      return cancel(effect, context);
    case "reserve":
      return reserve(effect, context);
    case "seize":
      return seize(effect, context);
    case "release":
      return release(effect.trunk, context);
    case "start-timer":
      return startTimer(effect, context);
    case "stop-timer":
      return work.stopTimer(effect.timer);
    case "route-transfer":
      return routeTransfer(effect, context);
    case "find-mixer":
      return shell.desks.findMixer(call);
    case "call-desk":
      return shell.desks.call(call);
    case "check-relay":
      shell.desks.watch(call);
      return unattended(shell.relayed.check(call), besideCall(context));
    case "observe":
      return observe(effect.observation, call, shell);
    default:
      return assertNever(effect);
  }
}

/** A transfer whose route a bug loses fails; the call goes on as it was. */
const NO_ROUTE: TransferRoute = { attempts: [], failure: "internal-error" };
/** The machine asks again when no answer came for a while: here it is still being found out, or the worker that was to died. */
function routeTransfer(effect: Extract<Effect, { kind: "route-transfer" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const askedMs = call.transfer?.atMs ?? null;
  if (askedMs !== null && work.routing === askedMs) return;
  work.routing = askedMs;
  work.expect(sure(context, shell.routeTransfer(call, effect), NO_ROUTE), ({ afterwards, unused, ...route }) => {
    if (work.routing === askedMs) work.routing = null;
    const event = { kind: "transfer-routed", ...route } as const;
    shell.post(call.id, { event, ...(unused !== undefined && { otherwise: unused }) });
    afterwards?.();
  });
}

function send(effect: Extract<Effect, { kind: "send" }>, context: EffectContext): void {
  const { call, work, shell, serving } = context;
  const { exchange, request: message, pool, listener, nextHop, branch, knownBy, avoidEdge, sentBy, timeoutMs } = effect;
  const preferredEdge = edgeFor(message, { call, work, serving });
  const events = new ExchangeEvents(call, exchange, { work, shell });
  const way = {
    pool,
    listener,
    nextHop,
    preferredEdge,
    ...(branch === undefined ? {} : { branch }),
    ...(knownBy === undefined ? {} : { knownBy }),
    ...(avoidEdge === undefined ? {} : { avoidEdge }),
    ...(sentBy === undefined ? {} : { sentBy }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const leaves = (told: SipMessage) => shell.ports.sip.sendRequest({ message: told, ...way }, events);
  const relayed = call.desk === null ? null : work.inOrder(() => shell.relayed.pass(call, message));
  const sent = relayed === null ? leaves(message) : relayed.then(leaves);
  const receipt = sure(context, sent, err(FAULT));
  // RFC 3261 §17.1: an ACK to a 2xx is no transaction and has no answer.
  if (message.method === "ACK") return;
  events.receipt = receipt;
  noteSending(exchange, context);
  work.exchanges.set(exchange, receipt);
  void receipt.then((result) => {
    if (result.ok) {
      events.leftBy(result.value.edge);
      if (isEmergencySetup(call, message)) shell.ports.sip.hold(result.value);
    } else if (work.exchanges.has(exchange)) events.onFailure(result.error);
  });
}

/**
 * The edge to send by: an ACK goes by that which got the 2xx and repeats its ACK; anything else by that of the request it is sent for, which while the
 * call is set up is the caller's INVITE. Another worker finds what it has to go on with at the same edge.
 */
function edgeFor(message: SipMessage, given: Pick<EffectContext, "call" | "work" | "serving">): string | null {
  const { call, work, serving } = given;
  const answered = message.method === "ACK" ? work.answeredBy.get(answerKey(message)) : undefined;
  if (answered !== undefined) return answered;
  const cause = serving ?? call.caller?.transaction ?? null;
  return cause === null ? null : serverTransaction(cause).edge;
}

function respond(effect: Extract<Effect, { kind: "respond" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const request = work.requests.get(effect.transaction);
  const leaves = (told: SipMessage) => shell.ports.sip.respond(serverTransaction(effect.transaction), told);
  const relayed = call.desk === null ? null : work.inOrder(() => shell.relayed.pass(call, effect.response, request));
  if (effect.response.status >= 200) work.requests.close(effect.transaction);
  const told = (relayed === null ? leaves(effect.response) : relayed.then(leaves)).then((given) => {
    if (given.ok) return;
    const { code, detail } = given.error;
    const fields = { callId: call.id, status: effect.response.status, failure: code, detail };
    shell.ports.telemetry.log("info", "response could not be given", fields);
    if (effect.response.method === "INVITE" && isAnswer(effect.response)) awaitRetransmission(effect, context);
  });
  unattended(told, besideCall(context));
}

/** Not before our own ACK left, which a relay may have a word in. */
function tellAcknowledged({ transaction }: Extract<Effect, { kind: "acknowledged" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const tell = () => shell.ports.sip.acknowledged(serverTransaction(transaction));
  if (call.desk === null) tell();
  else
    unattended(
      work.inOrder(async () => tell()),
      besideCall(context),
    );
}

/** Longest that the sender of an INVITE repeats it: timer B, 64*T1 (RFC 3261 §17.1.1.2), milliseconds. */
const RETRANSMITTED_MS = 32_000;

/**
 * The caller's edge died before the answer could be given. Its INVITE may still come again by another edge, and is answered then; else it is as if
 * no ACK had come, and both sides are ended.
 */
function awaitRetransmission(
  { transaction }: Extract<Effect, { kind: "respond" }>,
  { call, shell }: EffectContext,
): void {
  shell.ports.clock.after(RETRANSMITTED_MS, () => shell.post(call.id, { event: { kind: "ack-timeout", transaction } }));
}

/** A request that another process sent cannot be cancelled from here; that process cancels it when it meets the newer record. */
function cancel(effect: Extract<Effect, { kind: "cancel" }>, context: EffectContext): void {
  const { work, shell } = context;
  const receipt = work.exchanges.get(effect.exchange);
  if (receipt === undefined) return;
  const cancelled = receipt.then((result) =>
    result.ok ? shell.ports.sip.cancel(result.value, effect.headers) : undefined,
  );
  unattended(cancelled, besideCall(context));
}

function noteSending(exchange: ExchangeId, { call, work }: EffectContext): void {
  const trying = call.hunt?.current ?? null;
  if (trying === null || trying.party === null || trying.exchange !== exchange) return;
  work.sending = { party: trying.party, moves: trying.moves };
}

function startTimer({ timer, afterMs }: Extract<Effect, { kind: "start-timer" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const sending = call.hunt?.current?.moves ?? 0;
  work.startTimer(timer, afterMs, () => shell.post(call.id, { event: { kind: "timer", timer, sending } }));
}
