import type { Failure, Result } from "@tandem/domain";
import type { CallStore, DetailRecordStream, TrunkHealthBoard } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "./repeat.ts";

export interface ClusterGaugePorts {
  readonly store: CallStore;
  readonly board: TrunkHealthBoard;
  readonly details: DetailRecordStream;
  /** Deliveries given up. */
  readonly deadLetters: () => Promise<Result<number, Failure>>;
  readonly observer: ControllerObserver;
}

/** Reads the figures that belong to the cluster as a whole; what cannot be read stays as it was. */
export async function readClusterGauges(ports: ClusterGaugePorts): Promise<RoundEnd> {
  const { store, board, details, observer } = ports;
  const [count, loads, health, backlog, dead] = await Promise.all([
    store.count(),
    store.loads(),
    board.all(),
    details.backlog(),
    ports.deadLetters(),
  ]);
  if (count.ok) observer.callsActive(count.value);
  if (loads.ok) observer.trunkLoads(loads.value);
  if (health.ok) observer.trunkHealth(health.value.values());
  if (backlog.ok) observer.detailRecordBacklog(backlog.value);
  if (dead.ok) observer.deadLetters(dead.value);
  return "rest";
}
