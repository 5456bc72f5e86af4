import type { Turn } from "./turn.ts";

/**
 * What people must know of an emergency call that goes on. `no-g711`: the offer has no G.711 µ-law; `session-lapsed`: nobody refreshed the session in
 * time; `peer-silent`: a peer answered nothing to a request of ours.
 */
export type AlarmCause = "no-g711" | "session-lapsed" | "peer-silent";

export function alarm(turn: Turn, trunk: string, cause: AlarmCause): void {
  turn.effects.push({ kind: "observe", observation: { kind: "alarm", trunk, cause } });
}
