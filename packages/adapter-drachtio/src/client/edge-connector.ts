import type { ConnectionOptions } from "node:tls";
import type { Clock } from "@tandem/call-control";
import { formatSocketAddress, type SocketAddress } from "@tandem/runtime";
import { EdgeLink, type EdgeLinkOptions } from "./edge-link.ts";
import { LostEdge, type EdgeFate } from "./lost-edge.ts";
import { LinkWait } from "./link-wait.ts";
import type { PoolLink } from "./pool-link.ts";
import type { StrandedInvite } from "./served-requests.ts";
import { StockLink, type StockPool } from "./stock/stock-link.ts";
import { SrfSession, type SessionEnd, type SessionLimits } from "./srf-session.ts";

/** Why a connection that the edge accepted is not used. */
export type LinkRefusal = "not-tandem" | "wrong-pool" | "duplicate";

/** One address of an edge as seen from this worker. */
export interface EdgeState {
  readonly pool: string;
  /** `host:port`; `local` for the edge in this process. */
  readonly address: string;
  /** The edge's id once it told it. */
  readonly edge: string | null;
  /** Its listeners as it was configured, `name:transport:port` each (port 0: any); null when it does not say or is not connected. */
  readonly listeners: readonly string[] | null;
  readonly state: "connecting" | "up" | "down";
  /** Why it is down; null while connecting or up. */
  readonly reason: SessionEnd | LinkRefusal | null;
  /** Epoch milliseconds of the last change of state. */
  readonly sinceMs: number;
  /** Transactions under way over this connection. */
  readonly pendingClient: number;
  readonly pendingServer: number;
}

/** How soon a lost connection is made again. */
export interface RetrySettings {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Time to connect and be accepted. */
  readonly connectTimeoutMs: number;
}

export interface EdgeConnectorOptions {
  readonly address: SocketAddress;
  readonly secret: string;
  /** Given if the address is that of a stock drachtio-server. */
  readonly stock: StockPool | null;
  readonly tls: ConnectionOptions | null;
  readonly limits: SessionLimits;
  readonly retry: RetrySettings;
  readonly link: Omit<EdgeLinkOptions, "wait">;
  /** Uniform in [0, 1): spreads the reconnects of many workers. */
  readonly random: () => number;
  /** Asked when an edge accepted us; a refusal ends the connection. */
  readonly admit: (link: PoolLink) => LinkRefusal | null;
  /** The address of a stock server left the directory while its connection is up, or is there again. */
  readonly leaving: (link: PoolLink, isLeaving: boolean) => void;
  /** An admitted link is gone; its transactions are failed next. */
  readonly lost: (link: PoolLink) => void;
  /** It had these to answer. */
  readonly stranded: (invites: readonly StrandedInvite[]) => void;
  /** It is known now what became of the edge that had these to answer. */
  readonly settled: (invites: readonly StrandedInvite[], fate: EdgeFate) => void;
  readonly onChange: (state: EdgeState) => void;
}

/** The far end closed the connection, or its system did because its process is gone. */
const HUNG_UP: ReadonlySet<string> = new Set(["", "ECONNRESET", "EPIPE"]);

/** How often an edge hears that this worker is awake, milliseconds: often in the time after which it counts as standing still, and often enough to tell a queue by its answers. */
const BEAT_MS = 100;

/** A connection that an edge accepted. */
interface Opened {
  readonly session: SrfSession;
  readonly wait: LinkWait;
}

/** Keeps one address connected until told otherwise: connect, back off with jitter, connect again. */
export class EdgeConnector {
  readonly #options: EdgeConnectorOptions;
  readonly #clock: Clock;
  #session: SrfSession | null = null;
  #link: PoolLink | null = null;
  #state: EdgeState["state"] = "connecting";
  #reason: EdgeState["reason"] = null;
  #edge: string | null = null;
  #sinceMs: number;
  #delayMs: number;
  #cancelTimer: (() => void) | null = null;
  #listed = true;
  /** The edge lost last, until it is known what became of it. */
  #lostEdge: LostEdge | null = null;
  #closed = false;

  constructor(options: EdgeConnectorOptions) {
    this.#options = options;
    this.#clock = options.link.clock;
    this.#sinceMs = this.#clock.now();
    this.#delayMs = options.retry.firstMs;
  }

  /** What is known of the address now. */
  get state(): EdgeState {
    return {
      pool: this.#options.link.pool,
      address: formatSocketAddress(this.#options.address),
      edge: this.#edge,
      listeners: this.#link?.listeners ?? null,
      state: this.#state,
      reason: this.#reason,
      sinceMs: this.#sinceMs,
      pendingClient: this.#link?.pending.client ?? 0,
      pendingServer: this.#link?.pending.server ?? 0,
    };
  }

  /** False once the address left the directory and its connection, if it had one, is gone for certain. */
  get alive(): boolean {
    return this.#listed || this.#link !== null || this.#lostEdge?.open === true;
  }

  /** Begins an attempt. */
  connect(): void {
    const { address, secret, stock, tls, limits, retry } = this.#options;
    const isOurs = stock === null;
    const wait = new LinkWait(() => performance.now());
    this.#change("connecting", null);
    const session = new SrfSession(
      {
        host: address.host,
        port: address.port,
        secret,
        tags: isOurs ? ["octets", "beats"] : [],
        encoding: isOurs ? "utf8" : "latin1",
        beat: isOurs ? { everyMs: BEAT_MS, frame: () => wait.beat() } : null,
        tls,
        limits,
        now: () => this.#clock.now(),
      },
      {
        onOpen: (version) => this.#opened({ session, wait }, version),
        onFrame: (payload) => this.#link?.receive(payload),
        onEnd: (end) => this.#ended(session, end),
      },
    );
    this.#session = session;
    session.start();
    this.#timer(retry.connectTimeoutMs, () => this.#giveUp(session, "unreachable"));
  }

  /** The address is in the directory again. */
  list(): void {
    this.#listed = true;
    this.#mark(false);
  }

  /**
   * The address left the directory: no new connection, but one that is up serves until it ends. A stock server gets no new calls meanwhile where another one
   * is there: unlike an edge of ours, it takes what it has with it.
   */
  unlist(): void {
    this.#mark(true);
    this.#listed = false;
    if (!this.alive) this.close(false);
  }

  /** Ends the connection for good. */
  close(graceful: boolean): void {
    this.#listed = false;
    this.#closed = true;
    this.#lostEdge?.close();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#session?.close(graceful);
  }

  #mark(isLeaving: boolean): void {
    if (this.#link !== null && this.#options.stock !== null) this.#options.leaving(this.#link, isLeaving);
  }

  #opened(opened: Opened, version: string): void {
    const { session } = opened;
    this.#cancelTimer?.();
    const link = this.#linkOver(opened, version);
    this.#edge = link.edge === "" ? null : link.edge;
    const refusal = this.#options.admit(link);
    if (refusal !== null) this.#giveUp(session, refusal);
    else {
      this.#delayMs = this.#options.retry.firstMs;
      this.#link = link;
      this.#change("up", null);
    }
    this.#lostEdge?.connected(link.instance);
  }

  #linkOver({ session, wait }: Opened, version: string): PoolLink {
    const { stock, link, address } = this.#options;
    if (stock === null) return new EdgeLink(session, version, { ...link, wait });
    return new StockLink(session, { ...link, wait: null, stock, address: formatSocketAddress(address) });
  }

  #giveUp(session: SrfSession, reason: "unreachable" | LinkRefusal): void {
    this.#reason = reason;
    session.close(false);
  }

  #ended(session: SrfSession, end: SessionEnd): void {
    if (session !== this.#session) return;
    this.#session = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const link = this.#link;
    this.#link = null;
    this.#change("down", this.#reason ?? end);
    if (link !== null) {
      // Forgotten first: what is sent again because of the loss must not be sent here.
      this.#options.lost(link);
      this.#lost(link, end === "closed" && HUNG_UP.has(session.systemFault));
    } else if (session.systemFault === "ECONNREFUSED") this.#lostEdge?.refused();
    if (this.alive && !this.#closed) this.#retry();
  }

  /** What the edge had to answer waits until it is known whether it lives. A stock server that lost its application has nobody else for it. */
  #lost(link: PoolLink, hungUp: boolean): void {
    const { stock, stranded, settled } = this.#options;
    const invites = link.lose();
    if (this.#closed) return;
    stranded(invites);
    if (stock !== null) return settled(invites, "gone");
    this.#lostEdge = new LostEdge({ instance: link.instance, hungUp }, this.#clock, (fate) => settled(invites, fate));
  }

  /** Exponential back-off with jitter: half of the delay is certain, half is chance. */
  #retry(): void {
    const delayMs = this.#delayMs * (0.5 + this.#options.random() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, this.#options.retry.maxMs);
    this.#timer(delayMs, () => this.connect());
  }

  #timer(delayMs: number, fire: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(delayMs, fire);
  }

  #change(state: EdgeState["state"], reason: EdgeState["reason"]): void {
    this.#state = state;
    this.#reason = reason;
    this.#sinceMs = this.#clock.now();
    this.#options.onChange(this.state);
  }
}
