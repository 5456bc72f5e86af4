import type { ProbeResult, TrunkHealth } from "../ports/index.ts";

/** What the controller tells the outside about itself. */
export interface ControllerObserver {
  leader(held: boolean): void;
  probe(result: ProbeResult): void;
  trunkTransition(health: TrunkHealth): void;
  /** Calls ended because nobody came for them. */
  swept(calls: number): void;
  /** Leases on trunks ended because their call is gone. */
  leasesSwept(leases: number): void;
  detailRecordBacklog(records: number): void;
  detailRecord(sink: string, result: "delivered" | "retried" | "failed", records: number): void;
  /** Deliveries given up and kept for people to look at. */
  deadLetters(batches: number): void;
  callsActive(count: number): void;
  /** The whole board. */
  trunkHealth(board: Iterable<TrunkHealth>): void;
  /** The whole table. */
  trunkLoads(loads: ReadonlyMap<string, number>): void;
  topology(version: number): void;
  topologyRejected(): void;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>): void;
}
