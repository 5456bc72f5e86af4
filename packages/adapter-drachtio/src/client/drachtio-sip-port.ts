import { NO_WAIT, type Clock, type EdgeWait, type SipApplication, type SipPort } from "@tandem/call-control";
import { err, type Failure, type Result } from "@tandem/domain";
import { systemClock } from "@tandem/runtime";
import type { EdgeAccess, LocalEdge, LocalEdgeAccess } from "../edge-access.ts";
import { edgeLost } from "../edge-failures.ts";
import { LEAVE } from "../wire/app-frame.ts";
import { AwaitedEdges } from "./awaited-edges.ts";
import { ConnectedEdges } from "./connected-edges.ts";
import type { EdgeState, LinkRefusal } from "./edge-connector.ts";
import { EdgeConnectors, type EdgeConnectorsSettings } from "./edge-connectors.ts";
import { EdgeRequests } from "./edge-requests.ts";
import { LinkCounters, type SipPortStats } from "./link-counters.ts";
import { LostInvites } from "./lost-invites.ts";
import type { PoolLink } from "./pool-link.ts";
import { DialogHolders } from "./stock/dialog-holders.ts";

export interface DrachtioSipPortOptions extends EdgeConnectorsSettings {
  /** The worker's own pool: only its edges send requests here. */
  readonly pool: string;
  readonly app: SipApplication;
  /** The edge in this process, of the worker's own pool: used before all others, without a connection. Default none. */
  readonly local?: LocalEdge;
  /** Longest that a request waits for an edge of a pool that just lost its last one, or has none yet, milliseconds. Default 3 000. */
  readonly edgeWaitMs?: number;
  /** Longest that a request waits for the edge by whose address its peer knows it, milliseconds; twice that while the pool has no other. Default 5 000. */
  readonly edgeReturnMs?: number;
  readonly clock?: Clock;
}

/** The SipPort over drachtio connections, and over the edge in this process if there is one, with its life. */
export interface DrachtioSipPort extends SipPort {
  /** Looks at the directory for the first time and begins to connect; `edges()` tells when that succeeded. */
  start(): Promise<void>;
  /** Every known address with its state. */
  edges(): readonly EdgeState[];
  stats(): SipPortStats;
  /** How long what comes by this edge waits until it is read. */
  waitBy(edge: string): EdgeWait;
  /**
   * Stands aside: new requests out of a dialog come only where no other worker takes them; those of live transactions still come. `others`: some worker of the pool does, which a server that
   * cannot tell by itself has to be told: without one it goes on as before. Undone by `resume`.
   */
  pause(others: boolean): void;
  resume(): void;
  /** `pause`, then waits until no transaction is under way, and no BYE without an answer waits for an edge (32 s at most). Not bounded: the caller bounds it. */
  drain(): Promise<void>;
  /** Ends every connection; pending transactions get `onFailure`. */
  close(): Promise<void>;
}

/** Below the connect timer of a trunk (4 s): a request that is sent at last is still wanted. */
const DEFAULT_EDGE_WAIT_MS = 3_000;
/** A process that its supervisor starts again at once is there by then; whoever answers meanwhile repeats it for longer (RFC 3261 §13.3.1.4). */
const DEFAULT_EDGE_RETURN_MS = 5_000;
const DRAIN_CHECK_MS = 50;

/** All methods: the application answers those it does not serve. */
const EVERY_METHOD = "*";

/** A SipPort that reaches the edges of every pool and is offered new requests by its own pool's. Which of them is in this process shows nowhere above. */
export function createDrachtioSipPort(options: DrachtioSipPortOptions): DrachtioSipPort {
  return new SipPortOverEdges(options);
}

class SipPortOverEdges implements DrachtioSipPort {
  readonly #options: DrachtioSipPortOptions;
  readonly #clock: Clock;
  readonly #counters = new LinkCounters();
  readonly #connectors: EdgeConnectors;
  readonly #connected = new ConnectedEdges();
  readonly #dialogs: DialogHolders;
  #localSinceMs = 0;
  readonly #awaited: AwaitedEdges;
  readonly #lostInvites: LostInvites;
  readonly #requests: EdgeRequests;
  #paused = false;
  #others = true;
  #closed = false;

  constructor(options: DrachtioSipPortOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#dialogs = new DialogHolders(options.stock ?? new Map());
    this.#awaited = new AwaitedEdges(this.#clock, options.edgeWaitMs ?? DEFAULT_EDGE_WAIT_MS);
    const isStock = (pool: string): boolean => options.stock?.has(pool) === true;
    this.#lostInvites = new LostInvites({
      app: options.app,
      edges: this.#connected,
      awaited: this.#awaited,
      clock: this.#clock,
      isStock,
    });
    this.#requests = new EdgeRequests({
      edges: this.#connected,
      awaited: this.#awaited,
      dialogs: this.#dialogs,
      clock: this.#clock,
      isStock,
      edgeReturnMs: options.edgeReturnMs ?? DEFAULT_EDGE_RETURN_MS,
      isClosed: () => this.#closed,
    });
    this.#connectors = new EdgeConnectors(options, {
      link: { app: options.app, clock: this.#clock, counters: this.#counters },
      admit: (link) => this.#admit(link),
      leaving: (link, isLeaving) => this.#connected.setLeaving(link, isLeaving),
      lost: (link) => this.#lost(link),
      stranded: (invites) => this.#lostInvites.stranded(invites),
      settled: (pool, invites, fate) => this.#lostInvites.settle(pool, invites, fate),
      isBare: (pool) => this.#connected.of(pool).length === 0,
    });
  }

  async start(): Promise<void> {
    this.#attach();
    await this.#connectors.start();
  }

  edges(): readonly EdgeState[] {
    const connected = this.#connectors.states;
    const { local } = this.#connected;
    return local === null ? connected : [this.#localState(local), ...connected];
  }

  stats(): SipPortStats {
    const { framesIn, framesOut, linksLost, unreadableByReason } = this.#counters;
    return { framesIn, framesOut, linksLost, unreadable: unreadableByReason };
  }

  waitBy(edge: string): EdgeWait {
    return this.#connected.find(edge)?.wait ?? NO_WAIT;
  }

  sendRequest(...sent: Parameters<SipPort["sendRequest"]>): ReturnType<SipPort["sendRequest"]> {
    return this.#requests.send(...sent);
  }

  respond(...[transaction, response]: Parameters<SipPort["respond"]>): Promise<Result<void, Failure>> {
    const later = response.status < 200 ? null : this.#lostInvites.answered(transaction, response);
    if (later !== null) return later;
    const link = this.#connected.find(transaction.edge);
    return link === undefined
      ? Promise.resolve(err(edgeLost(transaction.edge)))
      : link.respond(transaction.id, response);
  }

  cancel(...[transaction, headers]: Parameters<SipPort["cancel"]>): Promise<Result<void, Failure>> {
    const link = this.#connected.find(transaction.edge);
    return link === undefined ? Promise.resolve(err(edgeLost(transaction.edge))) : link.cancel(transaction.id, headers);
  }

  hold({ edge, id }: Parameters<SipPort["hold"]>[0]): void {
    this.#connected.find(edge)?.hold(id);
  }

  unhold({ edge, id }: Parameters<SipPort["unhold"]>[0]): void {
    this.#connected.find(edge)?.unhold(id);
  }

  acknowledged({ edge, id }: Parameters<SipPort["acknowledged"]>[0]): void {
    this.#connected.find(edge)?.acknowledged(id);
  }

  adopt(invite: Parameters<SipPort["adopt"]>[0]): void {
    void this.#lostInvites.takeUp(invite);
  }

  hasOtherEdge(pool: string, edge: string): boolean {
    return this.#connected.hasOther(pool, edge);
  }

  handOver({ edge, id }: Parameters<SipPort["handOver"]>[0]): void {
    this.#connected.find(edge)?.handOver(id);
  }

  pause(others: boolean): void {
    if (this.#paused && this.#others === others) return;
    this.#paused = true;
    this.#others = others;
    for (const link of this.#connected.of(this.#options.pool)) link.route(EVERY_METHOD, this.#takesNew(link));
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    for (const link of this.#connected.of(this.#options.pool)) link.route(EVERY_METHOD, true);
  }

  drain(): Promise<void> {
    if (!this.#paused) this.pause(true);
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.#idle()) return resolve();
        this.#clock.after(DRAIN_CHECK_MS, check);
      };
      check();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lostInvites.close();
    this.#awaited.close();
    this.#connectors.close();
    const { local } = this.#connected;
    if (local === null) return;
    this.#forget(local);
    local.close();
  }

  #idle(): boolean {
    return this.#requests.byes === 0 && [...this.#connected.all].every(({ idle }) => idle);
  }

  #takesNew({ keepsAside }: EdgeAccess): boolean {
    return !this.#paused || (!keepsAside && !this.#others);
  }

  /** Requests come from here on, so not before `start`. */
  #attach(): void {
    const { local, app } = this.#options;
    if (local === undefined || this.#connected.local !== null || this.#closed) return;
    const access = local.attach(app, () => this.#forget(access));
    this.#connected.local = access;
    this.#localSinceMs = this.#clock.now();
    this.#use(access);
    this.#options.onEdgeChange?.(this.#localState(access));
  }

  #localState({ edge, pool, listeners, pending }: LocalEdgeAccess): EdgeState {
    const sinceMs = this.#localSinceMs;
    const transactions = { pendingClient: pending.client, pendingServer: pending.server };
    return { pool, address: "local", edge, listeners, state: "up", reason: null, sinceMs, ...transactions };
  }

  #admit(link: PoolLink): LinkRefusal | null {
    if (link.edge === "") return "not-tandem";
    if (!link.servesConfiguredPool) return "wrong-pool";
    // A name may lead to one edge by two addresses (IPv4 and IPv6), or to the one in this process: a second connection would only double its share.
    if (this.#connected.find(link.edge) !== undefined) return "duplicate";
    this.#dialogs.add(link);
    this.#use(link);
    return null;
  }

  #use(link: EdgeAccess): void {
    this.#connected.add(link);
    if (link.pool === this.#options.pool) link.route(EVERY_METHOD, this.#takesNew(link));
    this.#awaited.came(link.pool);
    this.#announceMoves();
  }

  /** Edges of the own pool know whether their INVITEs can be brought elsewhere: one that closes answers them itself else. */
  #announceMoves(): void {
    for (const [link, can] of this.#connected.moves(this.#options.pool)) link.route(LEAVE, can);
  }

  #lost(link: PoolLink): void {
    if (!this.#closed) this.#counters.linksLost += 1;
    this.#dialogs.remove(link);
    this.#forget(link);
  }

  #forget(link: EdgeAccess): void {
    this.#connected.remove(link);
    this.#announceMoves();
    this.#awaited.lost(link.pool);
  }
}
