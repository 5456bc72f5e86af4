import type { Call } from "./call.ts";
import type { Party } from "./party.ts";

/** Trunks this call occupies now, each once: the ingress trunk and the one of every party still connected or being called; while it ends, of those whose end is not over. */
export function occupiedTrunks(call: Call): readonly string[] {
  if (call.phase === "over") return [];
  const there = call.phase === "ending" ? call.parties.filter((party) => hasOpenEnd(call, party)) : call.parties;
  const trunks = new Set(there.map((party) => party.profile.trunk));
  const trying = call.hunt?.current?.plan.profile.trunk;
  if (trying !== undefined) trunks.add(trying);
  // A stranger's leg, and one that joins two calls, have no trunk.
  trunks.delete("");
  return [...trunks];
}

/** We wait for an answer of the party, or for the ACK that its BYE comes after. */
function hasOpenEnd({ exchanges, owedByes }: Call, { id, dialogs }: Party): boolean {
  const isOwed = (dialogId: string): boolean => owedByes.some(({ dialog }) => dialog === dialogId);
  return exchanges.some(({ party }) => party === id) || dialogs.some((dialog) => isOwed(dialog.id));
}
