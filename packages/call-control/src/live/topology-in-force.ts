import { indexSources, parseIpAddress, type Snapshot, type SourceIndex } from "@tandem/domain";
import type {
  Clock,
  NameResolver,
  PublishedTopology,
  Telemetry,
  TopologyCache,
  TopologySource,
  Unwatch,
} from "../ports/index.ts";
import { TopologyOffers, type CompileTopology } from "./topology-offers.ts";

/** One topology with everything calls are decided with. Replaced as a whole, never changed. */
export interface InForce {
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly sources: SourceIndex;
}

/** Told of every published topology: taken (`problems` empty) or refused. */
export type TopologyListener = (news: {
  readonly version: number;
  readonly snapshot: Snapshot | null;
  readonly problems: readonly string[];
}) => void;

export interface TopologyPorts {
  readonly topology: TopologySource;
  readonly topologyCache: TopologyCache;
  readonly names: NameResolver;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Names of gateways are resolved again this often. */
const RESOLVE_MS = 30_000;
/** While the source cannot be read. */
const RETRY_MS = 1_000;
/** A worker that has no topology yet does not wait longer than this for the source: emergency calls are waiting. */
const CACHE_AFTER_MS = 1_000;

/**
 * The topology this worker decides with. A newer one takes its place between two calls (hot configuration); one that does not compile is refused
 * whole and the old one stays.
 */
export class TopologyInForce {
  readonly #ports: TopologyPorts;
  readonly #offers: TopologyOffers;
  readonly #listen: TopologyListener;
  #current: InForce | null = null;
  /** Addresses by gateway name, as last resolved; kept when a resolution fails. */
  #resolved: ReadonlyMap<string, readonly string[]> = new Map();
  #cancel: (() => void) | null = null;
  #unwatch: Unwatch | null = null;
  #stopped = false;

  constructor(ports: TopologyPorts, compile: CompileTopology, listen: TopologyListener) {
    this.#ports = ports;
    this.#offers = new TopologyOffers(compile);
    this.#listen = listen;
  }

  get current(): InForce | null {
    return this.#current;
  }

  /** Reads the published topology and follows it from then on; keeps trying while the source is away. */
  async start(): Promise<void> {
    if (this.#stopped) return;
    const noLonger = this.#ports.clock.after(CACHE_AFTER_MS, () => void this.#takeCached());
    const watched = await this.#ports.topology.watch((topology) => void this.#offer(topology));
    const published = watched.ok ? await this.#ports.topology.current() : watched;
    noLonger();
    if (watched.ok) this.#unwatch = watched.value;
    if (published.ok && published.value !== null) await this.#offer(published.value);
    if (!published.ok && this.#current === null) await this.#takeCached();
    if (watched.ok && published.ok) return this.#resolveLater();
    if (watched.ok) await watched.value();
    this.#cancel = this.#ports.clock.after(RETRY_MS, () => void this.start());
  }

  /** A worker that starts while the store is away serves with what it knew last: emergency calls cannot wait for Redis. */
  async #takeCached(): Promise<void> {
    if (!this.#offers.none) return;
    const cached = await this.#ports.topologyCache.read();
    if (!cached.ok || cached.value === null || !this.#offers.none) return;
    this.#ports.telemetry.log("warn", "topology taken from the cache", { version: cached.value.version });
    await this.#offer(cached.value);
  }

  async #keep(topology: PublishedTopology): Promise<void> {
    const kept = await this.#ports.topologyCache.write(topology);
    if (kept.ok) return;
    const { code, detail } = kept.error;
    this.#ports.telemetry.log("warn", "topology not cached", { version: topology.version, failure: code, detail });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#unwatch?.();
  }

  async #offer(topology: PublishedTopology): Promise<void> {
    const compiled = await this.#offers.take(topology);
    if (compiled === null || this.#stopped) return;
    const { version } = topology;
    if (!compiled.ok) {
      const problems = compiled.error;
      this.#ports.telemetry.log("error", "topology refused, the previous one stays", { version, problems });
      this.#listen({ version, snapshot: null, problems });
      return;
    }
    const snapshot = compiled.value;
    this.#current = { version, snapshot, sources: indexSources(snapshot, this.#resolved) };
    this.#ports.telemetry.log("info", "topology in force", { version, trunks: snapshot.trunks.size });
    this.#listen({ version, snapshot, problems: [] });
    void this.#keep(topology);
    void this.#resolve(snapshot);
  }

  #resolveLater(): void {
    if (this.#stopped) return;
    this.#cancel = this.#ports.clock.after(RESOLVE_MS, () => {
      if (this.#current !== null) void this.#resolve(this.#current.snapshot);
      this.#resolveLater();
    });
  }

  async #resolve(snapshot: Snapshot): Promise<void> {
    const named = snapshot.topology.gateways.filter((gateway) => parseIpAddress(gateway.address) === null);
    if (named.length === 0) return;
    const found = await Promise.all(named.map((gateway) => this.#addressesOf(gateway)));
    if (this.#current?.snapshot !== snapshot) return;
    this.#resolved = new Map(found);
    this.#current = { ...this.#current, sources: indexSources(snapshot, this.#resolved) };
  }

  async #addressesOf(gateway: {
    readonly name: string;
    readonly address: string;
  }): Promise<[string, readonly string[]]> {
    const found = await this.#ports.names.addresses(gateway.address);
    if (found.ok) return [gateway.name, found.value];
    const { code, detail } = found.error;
    this.#ports.telemetry.log("warn", "gateway name not resolved", { gateway: gateway.name, failure: code, detail });
    return [gateway.name, this.#resolved.get(gateway.name) ?? []];
  }
}
