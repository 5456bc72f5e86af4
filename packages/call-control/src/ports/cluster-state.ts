import type { Failure, Result } from "@tandem/domain";
import type { DetailRecordKind } from "./call-store.ts";

/** The published topology document with its version; watchers are told of a new version within a second. */
export interface TopologySource {
  current(): Promise<Result<PublishedTopology | null, Failure>>;
  watch(onChange: (topology: PublishedTopology) => void): Promise<Result<Unwatch, Failure>>;
}

/** Replacing is compare-and-set on the version, so two administrators cannot overwrite one another. */
export interface TopologyRegistry extends TopologySource {
  publish(
    document: PublishedDocument,
    expectedVersion: number | null,
  ): Promise<Result<"published" | "conflict", Failure>>;
}

export interface PublishedDocument {
  /** JSON of the topology document (as written, not defaulted). */
  readonly json: string;
  readonly author: string;
  readonly atMs: number;
  /** Digest of the topology file it comes from. Left out: not from a file; the registry keeps the digest of the last one that was. */
  readonly fileDigest?: string;
}

export interface PublishedTopology extends PublishedDocument {
  readonly version: number;
}

export type Unwatch = () => Promise<void>;

export type TrunkState = "up" | "down" | "unknown";

export interface TrunkHealth {
  readonly trunk: string;
  readonly state: TrunkState;
  readonly sinceMs: number;
  readonly lastCode: number | null;
  readonly failures: number;
  readonly successes: number;
  readonly reason: string;
}

/** Health is written by the controller and read by all workers; stale is better than empty. */
export interface TrunkHealthBoard {
  all(): Promise<Result<ReadonlyMap<string, TrunkHealth>, Failure>>;
  /** @param epoch Of the writing leader's term: once a later one has begun nothing is written, and the failure is `lease-lost`. */
  set(health: TrunkHealth, epoch: number): Promise<Result<void, Failure>>;
  watch(onChange: (health: TrunkHealth) => void): Promise<Result<Unwatch, Failure>>;
  /** Passive signal: how a real attempt on the trunk ended. Best effort, never awaited by a call. */
  report(signal: TrunkSignal): void;
  /** Drains the passive signals (controller). */
  takeSignals(limit: number): Promise<Result<readonly TrunkSignal[], Failure>>;
}

export interface TrunkSignal {
  readonly trunk: string;
  readonly outcome: "answered" | "failed" | "unreachable";
  readonly code: number | null;
  readonly atMs: number;
}

/** One process's entry in the membership list; gone when not renewed. */
export interface Member {
  readonly id: string;
  readonly role: "worker" | "edge" | "controller" | "control-api";
  readonly pool: string | null;
  readonly pid: number;
  readonly host: string;
  readonly startedMs: number;
  readonly draining: boolean;
  /** Bounded facts for people: active setups, calls handled, connected edges, metrics address. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface Membership {
  announce(member: Member, ttlMs: number): Promise<Result<void, Failure>>;
  withdraw(id: string): Promise<Result<void, Failure>>;
  members(): Promise<Result<readonly Member[], Failure>>;
  /** Members whose entry lapsed within the last quarter of an hour and that neither said goodbye (`withdraw`) nor came back. */
  lost(): Promise<Result<readonly Member[], Failure>>;
  /** Asks a worker or a whole pool to drain or to come back; the target sees it through `drainRequested`. */
  requestDrain(target: DrainTarget, draining: boolean): Promise<Result<void, Failure>>;
  drainRequested(member: { readonly id: string; readonly pool: string | null }): Promise<Result<boolean, Failure>>;
}

export type DrainTarget =
  | { readonly kind: "worker"; readonly id: string }
  | { readonly kind: "pool"; readonly name: string };

/** One holder at a time; `epoch` grows with every new holder and fences a stale one. */
export interface LeaderLease {
  acquire(
    holder: string,
    ttlMs: number,
  ): Promise<Result<{ readonly held: boolean; readonly epoch: number; readonly holder: string }, Failure>>;
  release(holder: string): Promise<Result<void, Failure>>;
}

/** Probing asks the workers of the trunk's pool to send an OPTIONS, because only they reach that pool's edges. */
export interface ProbeExchange {
  request(probe: ProbeRequest): Promise<Result<ProbeResult, Failure>>;
  /** Worker side: serves probe requests for `pool` until unwatched; exactly one worker takes each. */
  serve(pool: string, probe: (request: ProbeRequest) => Promise<ProbeResult>): Promise<Result<Unwatch, Failure>>;
}

export interface ProbeRequest {
  readonly id: string;
  readonly trunk: string;
  readonly pool: string;
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly id: string;
  readonly trunk: string;
  readonly outcome: "answered" | "timeout" | "unreachable";
  readonly code: number | null;
  readonly roundTripMs: number;
}

/** CDRs as the store appended them, read by the controller: at least once, acknowledged after delivery was queued. */
export interface DetailRecordStream {
  /** Those after the places of a reader that went on already; without: from the beginning. In each shard in order. */
  read(limit: number, after?: StreamPlaces): Promise<Result<readonly StreamedRecord[], Failure>>;
  acknowledge(records: readonly StreamedRecord[]): Promise<Result<void, Failure>>;
  /** Takes records that cannot be read out of the stream, and keeps them for people to look at. */
  setAside(records: readonly StreamedRecord[]): Promise<Result<void, Failure>>;
  /** How many of them are kept. */
  aside(): Promise<Result<number, Failure>>;
  backlog(): Promise<Result<number, Failure>>;
}

/** Where a reader is: for each shard, the stream's name for the record it had last. */
export type StreamPlaces = ReadonlyMap<number, string>;

export interface StreamedRecord {
  readonly shard: number;
  readonly streamId: string;
  readonly id: string;
  readonly kind: DetailRecordKind;
  readonly json: string;
}
