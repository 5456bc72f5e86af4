import type { Call } from "./call.ts";

/** Trunks this call occupies now, each once: the ingress trunk and the one of every party still connected or being called. */
export function occupiedTrunks(call: Call): readonly string[] {
  const trunks = new Set(call.parties.map((party) => party.profile.trunk));
  const trying = call.hunt?.current?.plan.profile.trunk;
  if (trying !== undefined) trunks.add(trying);
  // A stranger's leg, and one that joins two calls, have no trunk.
  trunks.delete("");
  return call.phase === "over" ? [] : [...trunks];
}
