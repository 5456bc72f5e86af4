import { err, ok, type Result } from "../lang/result.ts";
import { blanks } from "./blanks.ts";
import type { EmergencyPreparation } from "../emergency/preparation.ts";
import type { AttemptFacts, CallFacts } from "./facts.ts";
import type { Call } from "./call.ts";
import type { Hunt, Transfer } from "./hunt.ts";
import type { Dialog, Party } from "./party.ts";
import type { AttemptPlan, LegProfile } from "./leg-profile.ts";
import { isSame } from "./plain-data.ts";

/**
 * The record as text. Fields that hold what they mostly hold are left out and come back when it is read: an established call is half as long,
 * and a record written before a field existed is read with that field blank.
 */
export function serialiseCall(call: Call): string {
  return JSON.stringify(packCall(call));
}

/** Reads a record back; a shape of another version or no record at all is refused. */
export function parseCall(text: string): Result<Call, "not-a-call"> {
  try {
    const value: unknown = JSON.parse(text);
    const known = typeof value === "object" && value !== null && "v" in value && value.v === 1 && "id" in value;
    return known ? ok(unpackCall(value as Call)) : err("not-a-call");
  } catch {
    return err("not-a-call");
  }
}

function packCall(call: Call): object {
  const blank = blanks.call;
  return {
    ...call,
    phase: unless(call.phase, blank.phase),
    partySerial: unless(call.partySerial, blank.partySerial),
    exchangeSerial: unless(call.exchangeSerial, blank.exchangeSerial),
    parties: call.parties.map(packParty),
    exchanges: unless(call.exchanges, blank.exchanges),
    unacked: unless(call.unacked, blank.unacked),
    hunt: call.hunt === null ? undefined : packHunt(call.hunt),
    caller: unless(call.caller, blank.caller),
    ways: unless(call.ways, blank.ways),
    arrival: unless(call.arrival, blank.arrival),
    transfer: unless(call.transfer, blank.transfer),
    refers: unless(call.refers, blank.refers),
    reserved: unless(call.reserved, blank.reserved),
    owedByes: unless(call.owedByes, blank.owedByes),
    endByMs: unless(call.endByMs, blank.endByMs),
    auditAtMs: unless(call.auditAtMs, blank.auditAtMs),
    desk: unless(call.desk, blank.desk),
    toldLocation: unless(call.toldLocation, blank.toldLocation),
    facts: packFacts(call.facts),
    attempts: call.attempts.map(packAttempt),
    ladder: unless(call.ladder, blank.ladder),
  };
}

function unpackCall(stored: Call): Call {
  const call = filled(stored, blanks.call);
  return {
    ...call,
    parties: call.parties.map(unpackParty),
    hunt: call.hunt === null ? null : unpackHunt(call.hunt),
    transfer: call.transfer === null ? null : unpackTransfer(call.transfer),
    facts: unpackFacts(call.facts),
    attempts: call.attempts.map((attempt) => filled(attempt, blanks.attempt)),
  };
}

function packFacts(facts: CallFacts): object {
  const blank = blanks.facts;
  const { emergency } = facts;
  return {
    ...facts,
    pool: unless(facts.pool, blank.pool),
    ingressTrunk: unless(facts.ingressTrunk, blank.ingressTrunk),
    callingNumber: unless(facts.callingNumber, blank.callingNumber),
    calledNumber: unless(facts.calledNumber, blank.calledNumber),
    sipCallId: unless(facts.sipCallId, blank.sipCallId),
    emergency: emergency === null ? undefined : pruned(emergency, blanks.emergency),
    callback: unless(facts.callback, blank.callback),
    origin: unless(facts.origin, blank.origin),
    considered: unless(facts.considered, blank.considered),
    ringMs: unless(facts.ringMs, blank.ringMs),
    answerMs: unless(facts.answerMs, blank.answerMs),
    endMs: unless(facts.endMs, blank.endMs),
    sipCode: unless(facts.sipCode, blank.sipCode),
    q850: unless(facts.q850, blank.q850),
    failure: unless(facts.failure, blank.failure),
    endedBy: unless(facts.endedBy, blank.endedBy),
    transferred: unless(facts.transferred, blank.transferred),
    desk: unless(facts.desk, blank.desk),
  };
}

function unpackFacts(stored: CallFacts): CallFacts {
  const facts = filled(stored, blanks.facts);
  if (facts.emergency === null) return facts;
  const emergency = filled(facts.emergency, blanks.emergency);
  const { transfer } = emergency;
  return {
    ...facts,
    emergency: { ...emergency, transfer: transfer === null ? null : filled(transfer, blanks.emergencyTransfer) },
  };
}

function packAttempt(attempt: AttemptFacts): object {
  const blank = blanks.attempt;
  return {
    ...attempt,
    ringMs: unless(attempt.ringMs, blank.ringMs),
    answerMs: unless(attempt.answerMs, blank.answerMs),
    endMs: unless(attempt.endMs, blank.endMs),
    sipCode: unless(attempt.sipCode, blank.sipCode),
    q850: unless(attempt.q850, blank.q850),
    outcome: unless(attempt.outcome, blank.outcome),
  };
}

function packParty(party: Party): object {
  return {
    ...party,
    profile: packProfile(party.profile),
    usedCseq: unless(party.usedCseq, blanks.party.usedCseq),
    forks: unless(party.forks, blanks.party.forks),
    dialogs: party.dialogs.map(packDialog),
  };
}

function packDialog(dialog: Dialog): object {
  const blank = blanks.dialog;
  return {
    ...dialog,
    confirmed: unless(dialog.confirmed, blank.confirmed),
    ended: unless(dialog.ended, blank.ended),
    routes: unless(dialog.routes, blank.routes),
    localCseq: unless(dialog.localCseq, blank.localCseq),
    remoteCseq: unless(dialog.remoteCseq, blank.remoteCseq),
    allows: unless(dialog.allows, blank.allows),
    supports: unless(dialog.supports, blank.supports),
    offer: unless(dialog.offer, blank.offer),
    timer: unless(dialog.timer, blank.timer),
    retryAtMs: unless(dialog.retryAtMs, blank.retryAtMs),
    silenceSpared: unless(dialog.silenceSpared, blank.silenceSpared),
    lapseSpared: unless(dialog.lapseSpared, blank.lapseSpared),
    reliable: unless(dialog.reliable, blank.reliable),
    replaces: unless(dialog.replaces, blank.replaces),
  };
}

function unpackParty(stored: Party): Party {
  const party = filled(stored, blanks.party);
  return {
    ...party,
    profile: filled(party.profile, blanks.profile),
    dialogs: party.dialogs.map(unpackDialog),
  };
}

function unpackDialog(stored: Dialog): Dialog {
  const dialog = filled(stored, blanks.dialog);
  return "spared" in stored ? withBothSpared(dialog) : dialog;
}

/** Earlier releases kept one mark for both causes that an emergency call is spared for. */
function withBothSpared(stored: Dialog & { readonly spared?: unknown }): Dialog {
  const { spared, ...dialog } = stored;
  const was = spared === true;
  return { ...dialog, silenceSpared: dialog.silenceSpared || was, lapseSpared: dialog.lapseSpared || was };
}

function packHunt(hunt: Hunt): object {
  const { current, preparation } = hunt;
  return {
    ...hunt,
    preparation: preparation === null ? undefined : pruned(preparation, blanks.preparation),
    plans: hunt.plans.map(packPlan),
    current: current === null ? null : { ...current, plan: packPlan(current.plan) },
  };
}

/** Absent: written before a transfer's way was asked for more than once. */
function unpackTransfer(stored: Transfer): Transfer {
  return filled(stored, { replaces: "", askedMs: stored.atMs });
}

function unpackHunt(hunt: Hunt): Hunt {
  const { current } = hunt;
  // Absent: an ordinary call, or a record written before emergency calls had a preparation.
  const preparation = hunt.preparation as EmergencyPreparation | undefined;
  // Absent: written before a call taker's own transfer was told from the one that made the emergency call.
  const madeEmergency = hunt.madeEmergency as boolean | undefined;
  return {
    ...hunt,
    madeEmergency: madeEmergency ?? (hunt.goal === "transfer" && preparation !== undefined),
    preparation: preparation === undefined ? null : filled(preparation, blanks.preparation),
    plans: hunt.plans.map(unpackPlan),
    current: current === null ? null : { ...current, moves: current.moves ?? 0, plan: unpackPlan(current.plan) },
  };
}

function packPlan(plan: AttemptPlan): object {
  const blank = blanks.plan;
  return {
    ...plan,
    profile: packProfile(plan.profile),
    suppressCallerId: unless(plan.suppressCallerId, blank.suppressCallerId),
    maxCalls: unless(plan.maxCalls, blank.maxCalls),
    maxCallsPerSecond: unless(plan.maxCallsPerSecond, blank.maxCallsPerSecond),
    progressTimeoutMs: unless(plan.progressTimeoutMs, blank.progressTimeoutMs),
    connectTimeoutMs: unless(plan.connectTimeoutMs, blank.connectTimeoutMs),
    ringTimeoutMs: unless(plan.ringTimeoutMs, blank.ringTimeoutMs),
  };
}

function unpackPlan(stored: AttemptPlan): AttemptPlan {
  const plan = filled(stored, blanks.plan);
  return { ...plan, profile: filled<LegProfile>(plan.profile, blanks.profile) };
}

/** Profiles are shared by all calls of a trunk, so each is packed once. */
const packedProfiles = new WeakMap<LegProfile, object>();

function packProfile(profile: LegProfile): object {
  const known = packedProfiles.get(profile);
  if (known !== undefined) return known;
  const packed = pruned(profile, blanks.profile);
  packedProfiles.set(profile, packed);
  return packed;
}

/**
 * Nothing where a field holds what the blank holds: `JSON.stringify` leaves it out. Fields are named one by one where records are written at every
 * message: looked up by a name in a variable, they cost more than the whole text. A field not named is written in full, which is no harm.
 */
function unless<T>(content: T, held: NoInfer<T> | undefined): T | undefined {
  return isSame(content, held) ? undefined : content;
}

/** The same for any kind of object, for what is rare or packed once. */
function pruned(value: object, blank: object): object {
  const held = blank as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(value).filter(([field, content]) => !isSame(content, held[field])));
}

function filled<T extends object>(stored: T, blank: Partial<T>): T {
  return { ...blank, ...stored };
}
