import { err, ok, type Result } from "../lang/result.ts";
import { blanks } from "./blanks.ts";
import type { EmergencyPreparation } from "../emergency/preparation.ts";
import type { CallFacts } from "./facts.ts";
import type { Call } from "./call.ts";
import type { Hunt } from "./hunt.ts";
import type { Party } from "./party.ts";
import type { AttemptPlan, LegProfile } from "./leg-profile.ts";
import { isSame } from "./plain-data.ts";

/**
 * The record as text. Fields that hold what they mostly hold are left out and come back when it is read: an established call is half as long,
 * and a record written before a field existed is read with that field blank.
 */
export function serialiseCall(call: Call): string {
  return JSON.stringify({
    ...pruned(call, blanks.call),
    parties: call.parties.map(packParty),
    ...(call.hunt === null ? {} : { hunt: packHunt(call.hunt) }),
    facts: packFacts(call.facts),
    attempts: call.attempts.map((attempt) => pruned(attempt, blanks.attempt)),
  });
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

function unpackCall(stored: Call): Call {
  const call = filled(stored, blanks.call);
  return {
    ...call,
    parties: call.parties.map(unpackParty),
    hunt: call.hunt === null ? null : unpackHunt(call.hunt),
    facts: unpackFacts(call.facts),
    attempts: call.attempts.map((attempt) => filled(attempt, blanks.attempt)),
  };
}

function packFacts(facts: CallFacts): unknown {
  const packed = pruned(facts, blanks.facts);
  return facts.emergency === null ? packed : { ...packed, emergency: pruned(facts.emergency, blanks.emergency) };
}

function unpackFacts(stored: CallFacts): CallFacts {
  const facts = filled(stored, blanks.facts);
  return facts.emergency === null ? facts : { ...facts, emergency: filled(facts.emergency, blanks.emergency) };
}

function packParty(party: Party): unknown {
  return {
    ...pruned(party, blanks.party),
    profile: packProfile(party.profile),
    dialogs: party.dialogs.map((dialog) => pruned(dialog, blanks.dialog)),
  };
}

function unpackParty(stored: Party): Party {
  const party = filled(stored, blanks.party);
  return {
    ...party,
    profile: filled(party.profile, blanks.profile),
    dialogs: party.dialogs.map((dialog) => filled(dialog, blanks.dialog)),
  };
}

function packHunt(hunt: Hunt): unknown {
  const { current, preparation, ...others } = hunt;
  return {
    ...others,
    ...(preparation === null ? {} : { preparation: pruned(preparation, blanks.preparation) }),
    plans: hunt.plans.map(packPlan),
    current: current === null ? null : { ...current, plan: packPlan(current.plan) },
  };
}

function unpackHunt(hunt: Hunt): Hunt {
  const { current } = hunt;
  // Absent: an ordinary call, or a record written before emergency calls had a preparation.
  const preparation = hunt.preparation as EmergencyPreparation | undefined;
  return {
    ...hunt,
    preparation: preparation === undefined ? null : filled(preparation, blanks.preparation),
    plans: hunt.plans.map(unpackPlan),
    current: current === null ? null : { ...current, moves: current.moves ?? 0, plan: unpackPlan(current.plan) },
  };
}

function packPlan(plan: AttemptPlan): unknown {
  return { ...pruned(plan, blanks.plan), profile: packProfile(plan.profile) };
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

const fieldsOf = new Map<object, readonly string[]>(Object.values(blanks).map((blank) => [blank, Object.keys(blank)]));

/**
 * The value with `undefined` in the fields that hold what the blank holds, which is what the text leaves out. Fields are not taken away: an object that
 * keeps the shape of the others of its kind is copied and written several times faster than one grown field by field.
 */
function pruned(value: object, blank: object): object {
  const kept: Record<string, unknown> = { ...value };
  const held = blank as Readonly<Record<string, unknown>>;
  for (const field of fieldsOf.get(blank) ?? []) if (isSame(kept[field], held[field])) kept[field] = undefined;
  return kept;
}

function filled<T extends object>(stored: T, blank: Partial<T>): T {
  return { ...blank, ...stored };
}
