import type { Member, ProbeResult, TrunkHealth } from "../ports/index.ts";
import type { FileStanding } from "./topology-file-publisher.ts";

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
  readonly emergency: EmergencyObserver;
  /** All that vanished lately without a goodbye and did not come back. */
  membersLost(members: readonly Pick<Member, "role" | "pool">[]): void;
  /** The whole board. */
  trunkHealth(board: Iterable<TrunkHealth>): void;
  /** The whole table. */
  trunkLoads(loads: ReadonlyMap<string, number>): void;
  topology(version: number): void;
  topologyRejected(): void;
  /** How the topology file stands to what is published; told every round by a leader that has one. */
  topologyFile(standing: FileStanding): void;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** What the controller tells of emergency calls. */
export interface EmergencyObserver {
  /** One try to notify a target; `afterMs` from the call's INVITE. */
  notification(kind: "sip" | "webhook" | "email", result: "delivered" | "retried" | "failed", afterMs: number): void;
  escalated(): void;
  /** Notifications of real calls of the last day that nobody acknowledged. */
  unacknowledged(count: number): void;
  record(sink: string, result: "delivered" | "retried" | "failed", records: number): void;
  /** Records waiting in their streams. */
  recordBacklog(records: number): void;
  heartbeat(walk: {
    readonly trunk: string;
    readonly pool: string;
    readonly kind: "options" | "test-call";
    readonly outcome: "answered" | "timeout" | "unreachable";
  }): void;
  /** How every path stands: the whole table. */
  heartbeatPaths(paths: readonly HeartbeatPath[]): void;
  /** How often paths are walked (ms); 0: never. */
  heartbeatInterval(ms: number): void;
}

/** One emergency path as the heartbeat knows it. */
export interface HeartbeatPath {
  readonly trunk: string;
  readonly pool: string;
  /** When it last answered (epoch ms; 0: never). */
  readonly lastSuccessMs: number;
  /** Whether the last walk of each kind failed; null: none was made. */
  readonly failing: { readonly options: boolean | null; readonly "test-call": boolean | null };
}
