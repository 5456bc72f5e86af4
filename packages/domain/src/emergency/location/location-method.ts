/**
 * What a provider does with a location: `direct` takes the call straight to the PSAP of the address, `screened` lets a call taker of the screening
 * centre ask the caller first.
 */
export type LocationRouting = "direct" | "screened";

/** Locations that were validated (LIS) or confirmed by the caller (ASSIST). */
const DIRECT: ReadonlySet<string> = new Set(["lis", "assist"]);

/**
 * How a location with that `method` (RFC 4119 §2.2.3) is routed, as providers of the E9-1-1 service do it: `LIS` and `ASSIST` directly; what was typed
 * in (`Manual`), found by a client (`CLS`), put in by us (`Default`), says nothing, or is a word we do not know, is screened.
 */
export function locationRouting(method: string | null): LocationRouting {
  return method !== null && DIRECT.has(method.trim().toLowerCase()) ? "direct" : "screened";
}
