import { formatMessage, type SipMessage } from "@tandem/sip";
import {
  parseCall,
  serialiseCall,
  transition,
  type Call,
  type CallEvent,
  type Effect,
  type Step,
} from "../../../src/index.ts";

/**
 * Makes a step from the record, which is frozen before, and once more from what the store gives back of it: both must be the same.
 * @returns No step when the record cannot be told from what is stored of it.
 */
export function makeTwice(
  call: Call,
  event: CallEvent,
  nowMs: number,
): { readonly step: Step | null; readonly faults: readonly string[] } {
  freeze(call);
  const read = parseCall(serialiseCall(call));
  if (!read.ok || textOf(read.value) !== textOf(call)) {
    return { step: null, faults: ["the stored record reads differently"] };
  }
  const step = transition(call, event, nowMs);
  const again = transition(read.value, event, nowMs);
  const faults: string[] = [];
  if (textOf(step.call) !== textOf(again.call)) faults.push("storing changed the call");
  if (effectsText(step.effects) !== effectsText(again.effects)) faults.push("storing changed the effects");
  return { step, faults };
}

function effectsText(effects: readonly Effect[]): string {
  return JSON.stringify(effects, (_, value: unknown) =>
    typeof value === "object" && value !== null && "headers" in value && "body" in value && "uri" in value
      ? formatMessage(value as SipMessage)
      : value,
  );
}

function textOf(call: Call): string {
  return JSON.stringify(sorted(call));
}

/** The same data with keys in one order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}
