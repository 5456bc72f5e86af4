import { talkers, type Call, type DeskLink, type MediaWay } from "@tandem/domain";
import type { RelayedWay } from "../ports/index.ts";
import { sectionsOf } from "./desk-description.ts";

/** An emergency call as its desk hears it. */
export interface Heard {
  readonly call: Call;
  readonly callId: string;
  readonly desk: DeskLink;
  readonly way: MediaWay;
  /** Streams of the caller's; those of whom it talks to follow. */
  readonly streams: number;
}

/** Null: there is nothing to hear (any more). */
export function heardIn(call: Call): Heard | null {
  const { desk, id: callId } = call;
  const way = talkers(call);
  if (desk === null || desk.lost || way === null) return null;
  const caller = call.parties.find(({ id }) => id === way.from);
  const sdp = caller?.dialogs.find(({ peer }) => peer !== null)?.sdp ?? "";
  return { call, callId, desk, way, streams: sectionsOf(sdp) };
}

/** The copies the desk gets: of what the caller says, and of what it is told. */
export function copiesFor({ callId, desk, way }: Heard): readonly RelayedWay[] {
  return [way.from, way.to].map((from) => ({ relay: desk.relay, callId, from, to: `desk-${from}` }));
}
