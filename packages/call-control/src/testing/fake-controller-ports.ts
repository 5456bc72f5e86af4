import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { ControllerObserver, HeartbeatPath } from "../controller/controller-observer.ts";
import type {
  DetailRecordSink,
  DetailRecordStream,
  GateLease,
  GateLedger,
  LeaderLease,
  ProbeEntry,
  ProbeExchange,
  ProbeRequest,
  ProbeResult,
  ProbeSchedule,
  StreamedRecord,
  StreamPlaces,
  Unwatch,
} from "../ports/index.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeTrunkHealthBoard } from "./fake-cluster-state.ts";

const AWAY: Failure = { code: "store-unavailable", detail: "the fake is away" };

/** A lease timed by the test's clock. */
export class FakeLeaderLease implements LeaderLease {
  holder = "";
  epoch = 0;
  away = false;
  #untilMs = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  acquire(
    holder: string,
    ttlMs: number,
  ): Promise<Result<{ readonly held: boolean; readonly epoch: number; readonly holder: string }, Failure>> {
    if (this.away) return Promise.resolve(err(AWAY));
    const free = this.holder === "" || this.#untilMs <= this.#clock.now();
    const held = free || this.holder === holder;
    if (free) this.epoch += 1;
    if (held) {
      this.holder = holder;
      this.#untilMs = this.#clock.now() + ttlMs;
    }
    return Promise.resolve(ok({ held, epoch: this.epoch, holder: this.holder }));
  }

  release(holder: string): Promise<Result<void, Failure>> {
    if (this.holder === holder) this.holder = "";
    return Promise.resolve(ok(undefined));
  }
}

/** A schedule that is due when the test says so. */
export class FakeProbeSchedule implements ProbeSchedule {
  readonly entries = new Map<string, number>();
  away = false;
  #onDue: ((trunk: string) => Promise<void>) | null = null;

  get running(): boolean {
    return this.#onDue !== null;
  }

  replace(entries: readonly ProbeEntry[]): Promise<Result<void, Failure>> {
    if (this.away) return Promise.resolve(err(AWAY));
    this.entries.clear();
    for (const { trunk, everyMs } of entries) this.entries.set(trunk, everyMs);
    return Promise.resolve(ok(undefined));
  }

  reschedule({ trunk, everyMs }: ProbeEntry): Promise<Result<void, Failure>> {
    this.entries.set(trunk, everyMs);
    return Promise.resolve(ok(undefined));
  }

  cancel(trunk: string): Promise<Result<void, Failure>> {
    this.entries.delete(trunk);
    return Promise.resolve(ok(undefined));
  }

  run(onDue: (trunk: string) => Promise<void>): Promise<Result<Unwatch, Failure>> {
    this.#onDue = onDue;
    return Promise.resolve(ok(() => Promise.resolve(void (this.#onDue = null))));
  }

  async due(trunk: string): Promise<void> {
    await this.#onDue?.(trunk);
  }
}

/** Probes end as the test says; null: no worker answers. */
export class ScriptedProbes implements ProbeExchange {
  readonly requests: ProbeRequest[] = [];
  next: Pick<ProbeResult, "outcome" | "code"> | null = { outcome: "answered", code: 200 };

  request(probe: ProbeRequest): Promise<Result<ProbeResult, Failure>> {
    this.requests.push(probe);
    const { next } = this;
    if (next === null) return Promise.resolve(err({ code: "worker-lost", detail: "nobody serves the pool" }));
    return Promise.resolve(ok({ id: probe.id, trunk: probe.trunk, ...next, roundTripMs: 1 }));
  }

  serve(): Promise<Result<Unwatch, Failure>> {
    return Promise.resolve(ok(() => Promise.resolve()));
  }
}

/** A board in memory that also forgets, and can be away. */
export class ForgettingHealthBoard extends FakeTrunkHealthBoard {
  away = false;

  override all(): ReturnType<FakeTrunkHealthBoard["all"]> {
    return this.away ? Promise.resolve(err(AWAY)) : super.all();
  }

  override set(...given: Parameters<FakeTrunkHealthBoard["set"]>): ReturnType<FakeTrunkHealthBoard["set"]> {
    return this.away ? Promise.resolve(err(AWAY)) : super.set(...given);
  }

  forget(trunk: string, epoch: number): Promise<Result<void, Failure>> {
    if (epoch < this.reign) return this.refuse();
    this.board.delete(trunk);
    return Promise.resolve(ok(undefined));
  }
}

/** Leases as the test puts them. */
export class FakeGateLedger implements GateLedger {
  readonly held = new Map<string, GateLease[]>();

  leases(trunk: string): Promise<Result<readonly GateLease[], Failure>> {
    return Promise.resolve(ok([...(this.held.get(trunk) ?? [])]));
  }

  release(trunk: string, callId: string): Promise<Result<void, Failure>> {
    const left = (this.held.get(trunk) ?? []).filter((lease) => lease.callId !== callId);
    this.held.set(trunk, left);
    return Promise.resolve(ok(undefined));
  }
}

/** As a number: milliseconds, and a hundred records in each. */
function placeOf(streamId: string): number {
  const [ms = 0, number = 0] = streamId.split("-").map(Number);
  return ms * 100 + number;
}

/** A stream of records the test put in. */
export class FakeDetailRecordStream implements DetailRecordStream {
  owed: readonly StreamedRecord[] = [];
  spoilt: readonly StreamedRecord[] = [];
  /** While true nothing can be set aside. */
  stuck = false;
  /** While true nothing can be acknowledged. */
  keeps = false;
  /** Shards whose Redis node is away. */
  readonly shardsAway = new Set<number>();

  read(limit: number, after?: StreamPlaces): Promise<Result<readonly StreamedRecord[], Failure>> {
    const isNext = ({ shard, streamId }: StreamedRecord) =>
      !this.shardsAway.has(shard) && placeOf(streamId) > placeOf(after?.get(shard) ?? "0-0");
    return Promise.resolve(ok(this.owed.filter(isNext).slice(0, limit)));
  }

  acknowledge(records: readonly StreamedRecord[]): Promise<Result<void, Failure>> {
    if (this.keeps) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake is away" }));
    const reached = records.filter(({ shard }) => !this.shardsAway.has(shard));
    const done = new Set(reached.map(({ id }) => id));
    this.owed = this.owed.filter(({ id }) => !done.has(id));
    const isDone = reached.length === records.length;
    return Promise.resolve(isDone ? ok(undefined) : err({ code: "store-unavailable", detail: "a shard is away" }));
  }

  setAside(records: readonly StreamedRecord[]): Promise<Result<void, Failure>> {
    if (this.stuck) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake is away" }));
    this.spoilt = [...this.spoilt, ...records];
    this.owed = this.owed.filter((record) => !records.includes(record));
    return Promise.resolve(ok(undefined));
  }

  aside(): Promise<Result<number, Failure>> {
    return Promise.resolve(ok(this.spoilt.length));
  }

  backlog(): Promise<Result<number, Failure>> {
    return Promise.resolve(ok(this.owed.length));
  }
}

/** A sink that keeps what it takes, unless it is away. */
export class FakeDetailRecordSink implements DetailRecordSink {
  readonly name: string;
  readonly taken: string[] = [];
  away = false;

  constructor(name: string) {
    this.name = name;
  }

  take(records: readonly StreamedRecord[]): Promise<Result<void, Failure>> {
    if (this.away) return Promise.resolve(err({ code: "delivery-failed", detail: "the fake sink is away" }));
    this.taken.push(...records.map(({ id }) => id));
    return Promise.resolve(ok(undefined));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Keeps everything told, one line each: `<what> <value>`. */
export class FakeControllerObserver implements ControllerObserver {
  readonly told: string[] = [];
  readonly leader = (held: boolean): void => void this.told.push(`leader ${held}`);
  readonly probe: ControllerObserver["probe"] = ({ trunk, outcome }) =>
    void this.told.push(`probe ${trunk} ${outcome}`);
  readonly trunkTransition: ControllerObserver["trunkTransition"] = ({ trunk, state }) =>
    void this.told.push(`transition ${trunk} ${state}`);
  readonly swept = (calls: number): void => void this.told.push(`swept ${calls}`);
  readonly leasesSwept = (leases: number): void => void this.told.push(`leases swept ${leases}`);
  readonly detailRecordBacklog = (records: number): void => void this.told.push(`backlog ${records}`);
  readonly detailRecord: ControllerObserver["detailRecord"] = (sink, result, records) =>
    void this.told.push(`records ${sink} ${result} ${records}`);
  readonly deadLetters = (batches: number): void => void this.told.push(`dead letters ${batches}`);
  /** Of the emergency paths, as told last. */
  failing: readonly HeartbeatPath["failing"][] = [];
  readonly emergency: ControllerObserver["emergency"] = {
    notification: (kind, result, afterMs) => void this.told.push(`notification ${kind} ${result} ${afterMs}`),
    escalated: () => void this.told.push("escalated"),
    unacknowledged: (count) => void this.told.push(`unacknowledged ${count}`),
    record: (sink, result, records) => void this.told.push(`emergency records ${sink} ${result} ${records}`),
    recordBacklog: (records) => void this.told.push(`emergency backlog ${records}`),
    heartbeat: ({ trunk, pool, kind, outcome }) => void this.told.push(`heartbeat ${pool} ${trunk} ${kind} ${outcome}`),
    heartbeatPaths: (paths) => {
      this.told.push(
        `paths ${paths.map(({ pool, trunk, lastSuccessMs }) => `${pool}/${trunk}=${lastSuccessMs}`).join(",")}`,
      );
      this.failing = paths.map(({ failing }) => failing);
    },
    heartbeatInterval: (ms) => void this.told.push(`heartbeat every ${ms}`),
  };
  readonly callsActive = (count: number): void => void this.told.push(`calls ${count}`);
  readonly membersLost: ControllerObserver["membersLost"] = (members) =>
    void this.told.push(`lost ${members.map(({ role, pool }) => `${role}/${pool ?? ""}`).join(",")}`);
  readonly trunkHealth: ControllerObserver["trunkHealth"] = (board) =>
    void this.told.push(`board ${[...board].map(({ trunk, state }) => `${trunk}=${state}`).join(",")}`);
  readonly trunkLoads: ControllerObserver["trunkLoads"] = (loads) =>
    void this.told.push(`loads ${[...loads].map(([trunk, load]) => `${trunk}=${load}`).join(",")}`);
  readonly topology = (version: number): void => void this.told.push(`topology ${version}`);
  readonly topologyRejected = (): void => void this.told.push("topology rejected");
  readonly topologyFile: ControllerObserver["topologyFile"] = (standing) =>
    void this.told.push(`topology file ${standing}`);
  readonly log: ControllerObserver["log"] = (level, message) => void this.told.push(`${level}: ${message}`);
}
