import { err, ok, type Failure, type Result } from "@tandem/domain";
import type {
  ProbeExchange,
  ProbeRequest,
  ProbeResult,
  PublishedDocument,
  PublishedTopology,
  TopologyRegistry,
  TrunkHealth,
  TrunkHealthBoard,
  TrunkSignal,
  Unwatch,
} from "../ports/index.ts";

/** The TopologyRegistry contract in memory. */
export class FakeTopologyRegistry implements TopologyRegistry {
  #current: PublishedTopology | null = null;
  readonly #watchers = new Set<(topology: PublishedTopology) => void>();

  /** Publishes whatever stands there now. */
  put(json: string): void {
    this.#replace({ json, author: "test", atMs: 0 });
  }

  /** As a store that lost its data: the next document is the first. */
  loseData(): void {
    this.#current = null;
  }

  publish(
    document: PublishedDocument,
    expectedVersion: number | null,
  ): Promise<Result<"published" | "conflict", Failure>> {
    if ((this.#current?.version ?? null) !== expectedVersion) return Promise.resolve(ok("conflict"));
    this.#replace(document);
    return Promise.resolve(ok("published"));
  }

  current(): Promise<Result<PublishedTopology | null, Failure>> {
    return Promise.resolve(ok(this.#current));
  }

  watch(onChange: (topology: PublishedTopology) => void): Promise<Result<Unwatch, Failure>> {
    this.#watchers.add(onChange);
    return Promise.resolve(ok(() => Promise.resolve(void this.#watchers.delete(onChange))));
  }

  #replace(document: PublishedDocument): void {
    const { fileDigest } = this.#current ?? {};
    const version = (this.#current?.version ?? 0) + 1;
    this.#current = { version, ...(fileDigest === undefined ? {} : { fileDigest }), ...document };
    for (const watcher of this.#watchers) watcher(this.#current);
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

  /** Epoch of the newest leader's term, and writes of earlier ones. */
  reign = 0;
  refused = 0;

  set(health: TrunkHealth, epoch: number): Promise<Result<void, Failure>> {
    if (epoch < this.reign) return this.refuse();
    this.board.set(health.trunk, health);
    for (const watcher of this.#watchers) watcher(health);
    return Promise.resolve(ok(undefined));
  }

  watch(onChange: (health: TrunkHealth) => void): Promise<Result<Unwatch, Failure>> {
    this.#watchers.add(onChange);
    return Promise.resolve(ok(() => Promise.resolve(void this.#watchers.delete(onChange))));
  }

  protected refuse(): Promise<Result<never, Failure>> {
    this.refused += 1;
    return Promise.resolve(err({ code: "lease-lost", detail: "a later term has begun" }));
  }

  report(signal: TrunkSignal): void {
    this.signals.push(signal);
  }

  takeSignals(limit: number): Promise<Result<readonly TrunkSignal[], Failure>> {
    return Promise.resolve(ok(this.signals.splice(0, limit)));
  }
}

/** The ProbeExchange contract within one process. */
export class FakeProbeExchange implements ProbeExchange {
  readonly #servers: { readonly pool: string; readonly serve: (request: ProbeRequest) => Promise<ProbeResult> }[] = [];
  #turn = 0;

  async request(probe: ProbeRequest): Promise<Result<ProbeResult, Failure>> {
    const able = this.#servers.filter(({ pool }) => pool === probe.pool);
    const server = able[(this.#turn += 1) % Math.max(able.length, 1)];
    if (server === undefined) return err({ code: "worker-lost", detail: "no worker of the pool serves probes" });
    return ok(await server.serve(probe));
  }

  serve(pool: string, serve: (request: ProbeRequest) => Promise<ProbeResult>): Promise<Result<Unwatch, Failure>> {
    const server = { pool, serve };
    this.#servers.push(server);
    return Promise.resolve(ok(() => Promise.resolve(void this.#servers.splice(this.#servers.indexOf(server), 1))));
  }
}
