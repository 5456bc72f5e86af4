import type { Effect } from "./effect.ts";
import type { LegProfile } from "./leg-profile.ts";

type Sent = Extract<Effect, { kind: "send" }>;

/** How requests leave towards the leg's peer. */
export function legWay({
  pool,
  listener,
  nextHop,
  avoidEdge,
}: LegProfile): Pick<Sent, "pool" | "listener" | "nextHop" | "avoidEdge"> {
  return { pool, listener, nextHop, ...(avoidEdge === undefined ? {} : { avoidEdge }) };
}
