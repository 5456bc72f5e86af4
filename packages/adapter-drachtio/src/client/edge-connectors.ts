import type { ConnectionOptions } from "node:tls";
import type { Clock } from "@tandem/call-control";
import { formatSocketAddress, type SocketAddress } from "@tandem/runtime";
import { EdgeConnector, type EdgeConnectorOptions, type EdgeState, type RetrySettings } from "./edge-connector.ts";
import type { EdgeDirectory } from "./edge-directory.ts";
import type { EdgeLinkOptions } from "./edge-link.ts";
import type { EdgeFate } from "./lost-edge.ts";
import type { StrandedInvite } from "./served-requests.ts";
import type { SessionLimits } from "./srf-session.ts";
import type { StockPool } from "./stock/stock-link.ts";

/** Which edges there are, and how they are connected. */
export interface EdgeConnectorsSettings {
  /** Pools whose edges this worker sends through; its own pool is among them. */
  readonly pools: readonly string[];
  readonly edges: EdgeDirectory;
  readonly secret: string;
  /** Pools whose edges are stock drachtio-servers, by name. Default none. */
  readonly stock?: ReadonlyMap<string, StockPool>;
  /** TLS towards the edges; default plain TCP. */
  readonly tls?: ConnectionOptions;
  /** Milliseconds between two looks at the directory. Default 5 000. */
  readonly refreshMs?: number;
  readonly retry?: Partial<RetrySettings>;
  readonly limits?: Partial<SessionLimits>;
  readonly random?: () => number;
  /** Told of every change of an edge's state; for logs and readiness. */
  readonly onEdgeChange?: (state: EdgeState) => void;
}

/** What a connection is for, and who hears of it. */
export interface EdgeConnectorsParts extends Pick<EdgeConnectorOptions, "admit" | "leaving" | "lost" | "stranded"> {
  readonly link: Omit<EdgeLinkOptions, "wait" | "pool">;
  /** It is known now what became of the edge of that pool which had these to answer. */
  readonly settled: (pool: string, invites: readonly StrandedInvite[], fate: EdgeFate) => void;
  /** None of the pool's edges is connected. */
  readonly isBare: (pool: string) => boolean;
}

const DEFAULT_RETRY: RetrySettings = { firstMs: 200, maxMs: 1_000, connectTimeoutMs: 5_000 };
const DEFAULT_LIMITS: SessionLimits = { pingMs: 5_000, maxFrameBytes: 1 << 20, maxPendingOctets: 64 << 20 };
const DEFAULT_REFRESH_MS = 5_000;
const BARE_REFRESH_MS = 500;

/** Every address that the directory names, each kept connected; it is looked at again and again. */
export class EdgeConnectors {
  readonly #settings: EdgeConnectorsSettings;
  readonly #parts: EdgeConnectorsParts;
  readonly #clock: Clock;
  /** By `pool address`. */
  readonly #connectors = new Map<string, EdgeConnector>();
  #closed = false;
  #cancelRefresh: (() => void) | null = null;

  constructor(settings: EdgeConnectorsSettings, parts: EdgeConnectorsParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#clock = parts.link.clock;
  }

  /** Every known address with its state. */
  get states(): readonly EdgeState[] {
    return [...this.#connectors.values()].map((connector) => connector.state);
  }

  /** Resolves after the first look at the directory. */
  async start(): Promise<void> {
    await Promise.all(this.#settings.pools.map((pool) => this.#refresh(pool)));
    if (this.#closed) return;
    this.#cancelRefresh = this.#clock.after(this.#refreshMs(), () => void this.start());
  }

  /** Looks no more, and ends every connection. */
  close(): void {
    this.#closed = true;
    this.#cancelRefresh?.();
    for (const connector of this.#connectors.values()) connector.close(true);
    this.#connectors.clear();
  }

  /** A pool without an edge may have one at a new address by now, or its name did not resolve yet. */
  #refreshMs(): number {
    const refreshMs = this.#settings.refreshMs ?? DEFAULT_REFRESH_MS;
    return this.#settings.pools.some(this.#parts.isBare) ? Math.min(refreshMs, BARE_REFRESH_MS) : refreshMs;
  }

  async #refresh(pool: string): Promise<void> {
    let addresses: readonly SocketAddress[];
    try {
      addresses = await this.#settings.edges(pool);
    } catch {
      return;
    }
    if (this.#closed) return;
    const listed = new Set(addresses.map((address) => `${pool} ${formatSocketAddress(address)}`));
    for (const [key, connector] of this.#connectors) {
      if (!key.startsWith(`${pool} `)) continue;
      if (!listed.has(key)) connector.unlist();
      if (!connector.alive) this.#connectors.delete(key);
    }
    for (const address of addresses) this.#ensure(pool, address);
  }

  #ensure(pool: string, address: SocketAddress): void {
    const key = `${pool} ${formatSocketAddress(address)}`;
    const known = this.#connectors.get(key);
    if (known !== undefined) return known.list();
    const connector = this.#connectorOf(pool, address);
    this.#connectors.set(key, connector);
    connector.connect();
  }

  #connectorOf(pool: string, address: SocketAddress): EdgeConnector {
    const { secret, stock, tls, retry, limits, random, onEdgeChange } = this.#settings;
    const { link, admit, leaving, lost, stranded, settled } = this.#parts;
    return new EdgeConnector({
      address,
      secret,
      stock: stock?.get(pool) ?? null,
      tls: tls ?? null,
      limits: { ...DEFAULT_LIMITS, ...limits },
      retry: { ...DEFAULT_RETRY, ...retry },
      link: { ...link, pool },
      random: random ?? Math.random,
      admit,
      leaving,
      lost,
      stranded,
      settled: (invites, fate) => settled(pool, invites, fate),
      onChange: onEdgeChange ?? (() => undefined),
    });
  }
}
