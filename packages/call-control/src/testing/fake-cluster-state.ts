import { ok, type Failure, type Result } from "@tandem/domain";
import type {
  ProbeExchange,
  ProbeRequest,
  ProbeResult,
  PublishedTopology,
  TopologySource,
  TrunkHealth,
  TrunkHealthBoard,
  TrunkSignal,
  Unwatch,
} from "../ports/index.ts";

/** A topology source that publishes when the test says so. */
export class FakeTopologySource implements TopologySource {
  #current: PublishedTopology | null = null;
  readonly #watchers = new Set<(topology: PublishedTopology) => void>();

  publish(json: string): void {
    const version = (this.#current?.version ?? 0) + 1;
    this.#current = { version, json, author: "test", atMs: 0 };
    for (const watcher of this.#watchers) watcher(this.#current);
  }

  current(): Promise<Result<PublishedTopology | null, Failure>> {
    return Promise.resolve(ok(this.#current));
  }

  watch(onChange: (topology: PublishedTopology) => void): Promise<Result<Unwatch, Failure>> {
    this.#watchers.add(onChange);
    if (this.#current !== null) onChange(this.#current);
    return Promise.resolve(ok(() => Promise.resolve(void this.#watchers.delete(onChange))));
  }
}

/** A health board in memory. */
export class FakeTrunkHealthBoard implements TrunkHealthBoard {
  readonly board = new Map<string, TrunkHealth>();
  readonly signals: TrunkSignal[] = [];
  readonly #watchers = new Set<(health: TrunkHealth) => void>();

  all(): Promise<Result<ReadonlyMap<string, TrunkHealth>, Failure>> {
    return Promise.resolve(ok(new Map(this.board)));
  }

  set(health: TrunkHealth): Promise<Result<void, Failure>> {
    this.board.set(health.trunk, health);
    for (const watcher of this.#watchers) watcher(health);
    return Promise.resolve(ok(undefined));
  }

  watch(onChange: (health: TrunkHealth) => void): Promise<Result<Unwatch, Failure>> {
    this.#watchers.add(onChange);
    return Promise.resolve(ok(() => Promise.resolve(void this.#watchers.delete(onChange))));
  }

  report(signal: TrunkSignal): void {
    this.signals.push(signal);
  }

  takeSignals(limit: number): Promise<Result<readonly TrunkSignal[], Failure>> {
    return Promise.resolve(ok(this.signals.splice(0, limit)));
  }
}

/** A probe exchange within one process. */
export class FakeProbeExchange implements ProbeExchange {
  readonly #servers = new Map<string, (request: ProbeRequest) => Promise<ProbeResult>>();

  async request(probe: ProbeRequest): Promise<Result<ProbeResult, Failure>> {
    const serve = this.#servers.get(probe.pool);
    if (serve !== undefined) return ok(await serve(probe));
    return ok({ id: probe.id, trunk: probe.trunk, outcome: "unreachable", code: null, roundTripMs: 0 });
  }

  serve(pool: string, probe: (request: ProbeRequest) => Promise<ProbeResult>): Promise<Result<Unwatch, Failure>> {
    this.#servers.set(pool, probe);
    return Promise.resolve(ok(() => Promise.resolve(void this.#servers.delete(pool))));
  }
}
