import type { RecordForwarder } from "../controller/record-forwarder.ts";
import type { RoundEnd } from "../timing/repeat.ts";

/** One round of every sink, beside one another. */
export async function roundOf({ rounds }: RecordForwarder): Promise<RoundEnd> {
  const ends = await Promise.all(rounds.map((round) => round()));
  return ends.includes("again") ? "again" : "rest";
}
