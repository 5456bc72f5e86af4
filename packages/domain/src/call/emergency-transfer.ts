import { emergencyFacts, type EmergencyPause, type EmergencyTransfer } from "../emergency/preparation.ts";
import { isFailureCode, type FailureCode } from "../failure/catalogue.ts";
import { alarm } from "./alarm.ts";
import type { Call } from "./call.ts";
import type { CallEvent, LegName } from "./event.ts";
import { offersMuLaw } from "./headers/quiet-description.ts";
import { noteDesk } from "./desk-step.ts";
import type { Place, Turn } from "./turn.ts";

/**
 * The leg of whoever calls for help, on a call that is an emergency call: the other leg is that of who helps. Null on an ordinary call, also on one
 * that went on as such after a transfer to an emergency number had failed.
 */
export function emergencyCaller({ facts: { emergency } }: Call): LegName | null {
  if (emergency === null) return null;
  if (emergency.transfer === null) return "a";
  return emergency.transfer.failed ? null : emergency.transfer.callerLeg;
}

type RoutedEmergency = NonNullable<Extract<CallEvent, { kind: "transfer-routed" }>["emergency"]>;

/** From here on the call is an emergency call of the side that stays. One that was dialled stays the call it is. */
export function becomeEmergency(turn: Turn, kept: Place, routed: RoutedEmergency): void {
  const { call } = turn;
  const { preparation, callerLeg, withoutDesk } = routed;
  if (emergencyCaller(call) !== null) return;
  if (withoutDesk !== undefined) noteDesk(turn, withoutDesk);
  const withoutG711 = !offersMuLaw(kept.dialog.sdp);
  if (withoutG711) alarm(turn, kept.party.profile.trunk, "no-g711");
  const earlier = call.facts.emergency?.transfer ?? null;
  const askedMs = call.transfer?.atMs ?? turn.now;
  const transfer = {
    atMs: earlier?.atMs ?? askedMs,
    callerLeg,
    failed: false,
    failedAtMs: null,
    pauses: pausesBefore(earlier, askedMs),
  };
  call.facts.emergency = { ...emergencyFacts(preparation), withoutG711, transfer };
  call.toldLocation = { headers: [], parts: [], added: preparation.addedLocation };
  // Its places are an emergency call's from now on: no other one may take them.
  for (const trunk of call.reserved) turn.effects.push({ kind: "seize", trunk, maxCalls: 0, preempts: false });
}

function pausesBefore(earlier: EmergencyTransfer | null, untilMs: number): readonly EmergencyPause[] {
  if (earlier === null || earlier.failedAtMs === null) return [];
  return [...earlier.pauses, { fromMs: earlier.failedAtMs, untilMs }];
}

/** Whoever was to be transferred hung up before the first attempt: people were told of a call for help, and its record says what became of it. */
export function noteEmergencyGivenUp({ call, now }: Turn, { preparation, callerLeg }: RoutedEmergency): void {
  if (call.facts.emergency !== null) return;
  const transfer = { atMs: now, callerLeg, failed: true, failedAtMs: now, pauses: [] };
  call.facts.emergency = { ...emergencyFacts(preparation), transfer };
}

/** Every way out failed: the two who talked before go on, with all that an ordinary call may do. */
export function noteEmergencyFailed({ call: { facts }, now }: Turn): void {
  const { emergency } = facts;
  if (emergency === null || emergency.transfer === null) return;
  facts.emergency = { ...emergency, transfer: { ...emergency.transfer, failed: true, failedAtMs: now } };
}

/**
 * The emergency call alone: one that was dialled as it is; of one that came about by a transfer what happened since then, as if it had been dialled at
 * that moment, and to the failure of its last way, if it was an ordinary call again after that.
 */
export function emergencyPart(call: Call): Call {
  const { facts } = call;
  const { emergency } = facts;
  if (emergency === null || emergency.transfer === null) return call;
  const { transfer } = emergency;
  const { atMs, failedAtMs } = transfer;
  const attempts = call.attempts.filter(({ startMs }) => isEmergencyTime(transfer, startMs));
  const answerMs = firstOf(attempts.map((attempt) => attempt.answerMs));
  const last = attempts.at(-1);
  return {
    ...call,
    createdMs: atMs,
    attempts,
    facts: {
      ...facts,
      callingNumber: emergency.callbackNumber,
      calledNumber: emergency.number,
      ringMs: firstOf(attempts.map((attempt) => attempt.ringMs)),
      answerMs,
      sipCode: answerMs > 0 ? 200 : (last?.sipCode ?? 0),
      failure: answerMs > 0 ? facts.failure : failureOf(last?.outcome ?? ""),
      ...(failedAtMs !== null && { endMs: failedAtMs, endedBy: last === undefined ? facts.endedBy : "system" }),
    },
  };
}

function isEmergencyTime({ atMs, failedAtMs, pauses }: EmergencyTransfer, timeMs: number): boolean {
  if (timeMs < atMs || (failedAtMs !== null && timeMs > failedAtMs)) return false;
  return !pauses.some(({ fromMs, untilMs }) => timeMs > fromMs && timeMs < untilMs);
}

/** The first time that ever came; 0: none did. */
function firstOf(times: readonly number[]): number {
  const known = times.filter((timeMs) => timeMs > 0);
  return known.length === 0 ? 0 : Math.min(...known);
}

function failureOf(outcome: string): FailureCode {
  return isFailureCode(outcome) ? outcome : "caller-cancelled";
}
