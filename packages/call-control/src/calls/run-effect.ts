import {
  assertNever,
  emergencyPart,
  err,
  essentialDeadline,
  failureEntry,
  isFailureCode,
  type Call,
  type Effect,
  type Failure,
  type Observation,
  type Result,
  type TransactionId,
} from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { Telemetry } from "../ports/index.ts";
import type { CallShell, TransferRoute } from "./call-shell.ts";
import { answerKey, ExchangeEvents, isAnswer } from "./exchange-events.ts";
import { isFirstInvite } from "./open-requests.ts";
import { patiently } from "./patiently.ts";
import type { PendingWork } from "./pending-work.ts";
import { serverTransaction } from "./transaction-id.ts";
import { unattended, withFallback, type BesideCall } from "./unattended.ts";

/** An effect that is done at once; storing and finishing are the actor's own. */
export type ImmediateEffect = Exclude<Effect, { kind: "save" | "save-lazily" | "finish" }>;

/** The call an effect belongs to. */
export interface EffectContext {
  readonly call: Call;
  readonly work: PendingWork;
  readonly shell: CallShell;
  /** Server transaction of the request that is being served, if any: its edge has the peer's connection. */
  readonly serving: TransactionId | null;
}

/** A lease outlives the record's deadline by this much: the sweep comes first. */
const LEASE_MARGIN_MS = 600_000;

/** Prolongs the leases a call holds to its next deadline. Never refused, never awaited. */
export function renewLeases(call: Call, { ports }: CallShell): void {
  const nowMs = ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  for (const trunk of call.reserved) {
    if (call.facts.emergency !== null) {
      void ports.gate.seize({ trunk, callId: call.id, maxCalls: 0, preempts: false, nowMs, untilMs });
    } else void ports.gate.reserve({ trunk, callId: call.id, maxCalls: 0, maxCallsPerSecond: 0, nowMs, untilMs });
  }
}

/** A call that ends takes no place any more: its last ones are given back as soon as the store is there. */
function release(trunk: string, { call, shell }: EffectContext): void {
  const { clock, gate } = shell.ports;
  const give = (): Promise<Result<void, Failure>> => gate.release(trunk, call.id);
  void (call.phase === "over" || call.phase === "ending" ? patiently(clock, give, ({ ok }) => !ok) : give());
}

/** Does what the machine asks for. Nothing here waits: answers come back as events. */
export function runEffect(effect: ImmediateEffect, context: EffectContext): void {
  const { call, work, shell } = context;
  switch (effect.kind) {
    case "send":
      return send(effect, context);
    case "respond":
      return respond(effect, context);
    case "cancel":
      return cancel(effect, context);
    case "reserve":
      return reserve(effect, context);
    case "seize":
      return seize(effect, context);
    case "release":
      return release(effect.trunk, context);
    case "start-timer":
      return work.startTimer(effect.timer, effect.afterMs, () =>
        shell.post(call.id, { event: { kind: "timer", timer: effect.timer } }),
      );
    case "stop-timer":
      return work.stopTimer(effect.timer);
    case "route-transfer":
      return routeTransfer(effect, context);
    case "call-desk":
      return shell.callDesk(call);
    case "check-relay":
      return unattended(shell.relayed.check(call), besideCall(context));
    case "observe":
      return observe(effect.observation, context);
    default:
      return assertNever(effect);
  }
}

/** A transfer whose route a bug loses fails; the call goes on as it was. */
const NO_ROUTE: TransferRoute = { attempts: [], failure: "internal-error" };
const FAULT: Failure = { code: "internal-error", detail: "a fault of ours" };

/** What comes of it, or `otherwise` where a bug keeps it from coming. */
function sure<T>(context: EffectContext, work: Promise<T>, otherwise: NoInfer<T>): Promise<T> {
  return withFallback(work, besideCall(context), () => otherwise);
}

function besideCall({ call, shell }: EffectContext): BesideCall {
  return { callId: call.id, telemetry: shell.ports.telemetry };
}

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
  const events = new ExchangeEvents(call.id, exchange, { work, shell });
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
  work.exchanges.set(exchange, receipt);
  void receipt.then((result) => {
    if (result.ok) {
      events.leftBy(result.value.edge);
      if (isEmergencySetup(call, message)) shell.ports.sip.hold(result.value);
    } else if (work.exchanges.has(exchange)) events.onFailure(result.error);
  });
}

/** An INVITE, of either side, without which the emergency call does not come about. */
export function isEmergencySetup({ facts }: Pick<Call, "facts">, request: SipMessage): boolean {
  return facts.emergency !== null && !facts.emergency.test && isFirstInvite(request);
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

function reserve(effect: Extract<Effect, { kind: "reserve" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const { kind: _kind, trunk, ...limits } = effect;
  const nowMs = shell.ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  const reply = shell.ports.gate.reserve({ trunk, callId: call.id, ...limits, nowMs, untilMs });
  work.expect(sure(context, reply, err(FAULT)), (reserved) => {
    const result = reserved.ok ? reserved.value : "unavailable";
    shell.post(call.id, { event: { kind: "gate", trunk, result } });
  });
}

/** An ordinary call that loses its place is ended through its record, whichever worker has it. */
function seize(effect: Extract<Effect, { kind: "seize" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const { trunk, maxCalls, preempts } = effect;
  const nowMs = shell.ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  const reply = shell.ports.gate.seize({ trunk, callId: call.id, maxCalls, preempts, nowMs, untilMs });
  work.expect(sure(context, reply, err(FAULT)), (seized) => {
    const victim = seized.ok ? seized.value.victim : null;
    if (victim !== null) {
      shell.ports.telemetry.emergency.preempted(trunk);
      shell.ports.telemetry.log("warn", "a call ends to make room for an emergency call", { callId: victim, trunk });
      shell.post(victim, { event: { kind: "end", failure: "preempted" } });
    }
    const result = !seized.ok ? "unavailable" : victim === null ? "place" : "room-made";
    shell.post(call.id, { event: { kind: "seized", trunk, result } });
  });
}

function observe(observation: Observation, { call, shell }: EffectContext): void {
  const { telemetry } = shell.ports;
  switch (observation.kind) {
    case "ringing":
      return telemetry.postDialDelay(observation.trunk, observation.afterMs);
    case "answered":
      return telemetry.answerDelay(observation.trunk, observation.afterMs);
    case "attempt-ended":
      telemetry.attemptEnded({
        trunk: observation.trunk,
        outcome: outcomeOf(observation.outcome),
        sipCode: observation.sipCode,
      });
      if (call.facts.emergency !== null)
        telemetry.emergency.attemptEnded(observation.trunk, outcomeOf(observation.outcome));
      return reportHealth(observation, shell);
    case "alarm":
      telemetry.emergency.alarm(observation.cause);
      return telemetry.log("error", "an emergency call needs somebody's attention", {
        callId: call.id,
        trunk: observation.trunk,
        cause: observation.cause,
      });
    case "call-ended":
      telemetry.callEnded({ ...observation, pool: call.facts.pool });
      return observeEmergency(call, telemetry);
    default:
      return assertNever(observation);
  }
}

/** How long the caller of an emergency call waited for a sign, and what was known of where he is. */
function observeEmergency(call: Call, { emergency }: Telemetry): void {
  const { createdMs, facts } = emergencyPart(call);
  if (facts.emergency === null) return;
  const heardMs = facts.ringMs === 0 ? facts.answerMs : facts.ringMs;
  if (heardMs > 0) emergency.ringing(facts.pool, heardMs - createdMs);
  emergency.location(facts.emergency.location.kind);
}

/** Whose fault, of an attempt's outcome: `answered` or a failure code. */
function outcomeOf(outcome: string): string {
  return isFailureCode(outcome) ? failureEntry(outcome).outcome : "success";
}

/** Ends of an attempt that say nothing about the peer: it was never asked, or was not given the time to answer. */
const NO_EVIDENCE: ReadonlySet<string> = new Set(["trunk-full", "trunk-too-fast", "edge-lost", "caller-cancelled"]);

/** A trunk is judged by attempts it failed, not by people who are busy or numbers that do not exist. */
function reportHealth(attempt: Extract<Observation, { kind: "attempt-ended" }>, { ports }: CallShell): void {
  const { trunk, sipCode, outcome } = attempt;
  // A leg between two calls is no trunk.
  if (trunk === "" || (sipCode === 0 && NO_EVIDENCE.has(outcome))) return;
  const peerFailed = isFailureCode(outcome) && failureEntry(outcome).tryNextTrunk;
  ports.health.report({
    trunk,
    outcome: attempt.unreachable ? "unreachable" : peerFailed ? "failed" : "answered",
    code: sipCode === 0 ? null : sipCode,
    atMs: ports.clock.now(),
  });
}
