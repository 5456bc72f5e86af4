import { ok, type Failure, type Result } from "@tandem/domain";
import type { CallStore, DetailRecordStream, Membership, TrunkHealthBoard } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";

export interface ClusterGaugePorts {
  readonly store: CallStore;
  readonly board: TrunkHealthBoard;
  readonly membership: Pick<Membership, "lost">;
  readonly details: Pick<DetailRecordStream, "backlog">;
  readonly emergencies: Pick<DetailRecordStream, "backlog">;
  /** Deliveries given up, by each who delivers. */
  readonly deadLetters: readonly CountDeadLetters[];
  readonly observer: ControllerObserver;
}

export type CountDeadLetters = () => Promise<Result<number, Failure>>;

/** Reads the figures that belong to the cluster as a whole; what cannot be read stays as it was. */
export async function readClusterGauges(ports: ClusterGaugePorts): Promise<RoundEnd> {
  const { store, board, membership, details, emergencies, deadLetters, observer } = ports;
  const [count, loads, health, lost, ordinary, emergency, dead] = await Promise.all([
    store.count(),
    store.loads(),
    board.all(),
    membership.lost(),
    details.backlog(),
    emergencies.backlog(),
    sum(deadLetters.map((read) => read())),
  ]);
  if (count.ok) observer.callsActive(count.value);
  if (loads.ok) observer.trunkLoads(loads.value);
  if (health.ok) observer.trunkHealth(health.value.values());
  if (lost.ok) observer.membersLost(lost.value);
  if (ordinary.ok && emergency.ok) observer.detailRecordBacklog(ordinary.value + emergency.value);
  if (emergency.ok) observer.emergency.recordBacklog(emergency.value);
  if (dead.ok) observer.deadLetters(dead.value);
  return "rest";
}

/** A part that cannot be read leaves no sum: a smaller one would look like an improvement. */
async function sum(counts: readonly Promise<Result<number, Failure>>[]): Promise<Result<number, Failure>> {
  let total = 0;
  for (const count of await Promise.all(counts)) {
    if (!count.ok) return count;
    total += count.value;
  }
  return ok(total);
}
