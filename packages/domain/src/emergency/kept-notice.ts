import type { EmergencyNotice } from "./notice.ts";

/** A notice as it was kept. Null targets: it does not say whom to tell. */
export type KeptNotice = Omit<EmergencyNotice, "targets"> & { readonly targets: EmergencyNotice["targets"] | null };

type Fields = Readonly<Record<string, unknown>>;

/**
 * A notice that was kept as JSON, perhaps by another release: while a cluster is updated its leader gets notices of newer and of older workers. Somebody is
 * told of the call whatever a field of it is or lacks: what cannot be read is left unsaid, and where a notice names no call or no time it has those of
 * `otherwise`. Null only where it is no notice at all: no JSON object, or one that says neither of which call it is nor which number was called.
 */
export function parseNotice(json: string, otherwise: Pick<EmergencyNotice, "callId" | "atMs">): KeptNotice | null {
  const fields = objectIn(json);
  if (fields === null || (text(fields["callId"]) === "" && text(fields["number"]) === "")) return null;
  const { targets } = fields;
  return {
    callId: text(fields["callId"]) || otherwise.callId,
    atMs: isTime(fields["atMs"]) ? fields["atMs"] : otherwise.atMs,
    pool: text(fields["pool"]),
    ingressTrunk: text(fields["ingressTrunk"]),
    callerUri: text(fields["callerUri"]),
    callerName: text(fields["callerName"]),
    callbackNumber: text(fields["callbackNumber"]),
    number: text(fields["number"]),
    service: text(fields["service"]),
    // What does not say that it is a test is none.
    test: fields["test"] === true,
    policy: textOrNull(fields["policy"]),
    site: textOrNull(fields["site"]),
    erl: textOrNull(fields["erl"]),
    elin: textOrNull(fields["elin"]),
    location: readLocation(fields["location"]),
    targets: Array.isArray(targets) ? textsIn(targets) : null,
  };
}

function readLocation(value: unknown): EmergencyNotice["location"] {
  const fields = asObject(value);
  if (fields === null) return { kind: "none", method: null, civic: null, references: [] };
  const { references } = fields;
  return {
    kind: text(fields["kind"]),
    method: textOrNull(fields["method"]),
    civic: readCivic(fields["civic"]),
    references: Array.isArray(references) ? textsIn(references) : [],
  };
}

function readCivic(value: unknown): Readonly<Record<string, string>> | null {
  const elements = asObject(value);
  if (elements === null) return null;
  return Object.fromEntries(
    Object.entries(elements).flatMap(([name, element]) => {
      const told = textOrNull(element);
      return told === null ? [] : [[name, told]];
    }),
  );
}

function objectIn(json: string): Fields | null {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(new Date(value).getTime());
}

function textOrNull(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : null;
}

function text(value: unknown): string {
  return textOrNull(value) ?? "";
}

function textsIn(values: readonly unknown[]): readonly string[] {
  return values.flatMap((value) => textOrNull(value) ?? []);
}
