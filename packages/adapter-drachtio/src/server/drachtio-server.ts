import type { TlsOptions } from "node:tls";
import { CallRate, type SipApplication } from "@tandem/call-control";
import { systemClock, type SocketAddress } from "@tandem/runtime";
import type { Endpoint, EndpointEvents } from "@tandem/sip-endpoint";
import type { LocalEdge, LocalEdgeAccess } from "../edge-access.ts";
import { listenForApps, type AppListener } from "./app-listener.ts";
import { AppRoster } from "./app-roster.ts";
import { Applications, type ApplicationsOptions } from "./applications.ts";
import { CallAffinity } from "./call-affinity.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { EdgeClock, EdgeContext } from "./edge-context.ts";
import { EdgeCounters } from "./edge-counters.ts";
import { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from "./edge-settings.ts";
import { FramedAnswers } from "./framed-answers.ts";
import { FramedRequests } from "./framed-requests.ts";
import { IncomingRequests } from "./incoming-requests.ts";
import { reportMissingAck } from "./missing-ack.ts";
import { OutgoingRequests } from "./outgoing-requests.ts";
import { Proxies } from "./proxy/proxies.ts";
import { RecordRoutes } from "./proxy/record-route.ts";
import type { DrachtioServerStats } from "./server-stats.ts";
import { StockClientDialogs } from "./stock/stock-client-dialogs.ts";
import { StockDialogs } from "./stock/stock-dialogs.ts";
import { StockRequests } from "./stock/stock-requests.ts";
import { StockResponses } from "./stock/stock-responses.ts";
import { TokenSource } from "./token-source.ts";

export interface DrachtioServerOptions extends ApplicationsOptions {
  /** TLS towards the applications; default plain TCP. */
  readonly tls?: TlsOptions;
  readonly settings?: Partial<EdgeSettings>;
  readonly clock?: EdgeClock;
}

/** The drachtio application protocol in front of a SIP endpoint; for a worker in this process the same without the protocol (`attach`). */
export interface DrachtioServer extends LocalEdge {
  /** Give these to `createEndpoint`. */
  readonly events: EndpointEvents;
  /**
   * Takes the endpoint and listens for applications.
   * @throws (rejects with) the system's bind error
   */
  serve(endpoint: Endpoint, address: SocketAddress): Promise<SocketAddress>;
  stats(): DrachtioServerStats;
  /** From now on OPTIONS out of a dialog get 503, so that peers that probe turn to other edges; everything else is served. */
  drain(): void;
  /** Drops every application and stops listening. The endpoint is the caller's to close. */
  close(): Promise<void>;
}

/** Makes the server; nothing listens before `serve`. */
export function createDrachtioServer(options: DrachtioServerOptions): DrachtioServer {
  return new Server(options);
}

class Server implements DrachtioServer {
  readonly events: EndpointEvents;
  readonly #options: DrachtioServerOptions;
  readonly #context: EdgeContext;
  readonly #dispatcher: Dispatcher;
  readonly #incoming: IncomingRequests;
  readonly #outgoing: OutgoingRequests;
  readonly #proxies: Proxies;
  readonly #applications: Applications;
  #endpoint: Endpoint | null = null;
  #listener: AppListener | null = null;
  #cancelSweep: () => void = () => undefined;

  constructor(options: DrachtioServerOptions) {
    this.#options = options;
    this.#context = this.#createContext();
    const context = this.#context;
    const dialogs = new StockDialogs(context.settings.maxDialogs);
    this.#proxies = new Proxies(context, new RecordRoutes(options.secret));
    this.#dispatcher = new Dispatcher(context, dialogs);
    const stock = new StockResponses(context, dialogs);
    this.#incoming = new IncomingRequests(context, {
      dispatcher: this.#dispatcher,
      dialogs,
      stock,
      onAckMissing: (answered) => reportMissingAck(answered, context, dialogs),
    });
    const clientDialogs = new StockClientDialogs(dialogs, () => context.endpoint().listeners);
    this.#outgoing = new OutgoingRequests(context, clientDialogs);
    const stockRequests = new StockRequests(context, dialogs);
    this.#applications = new Applications(context, options, {
      dispatcher: this.#dispatcher,
      incoming: this.#incoming,
      answers: new FramedAnswers(context, { incoming: this.#incoming, stock }),
      outgoing: this.#outgoing,
      requests: new FramedRequests(context, { outgoing: this.#outgoing, stock: stockRequests }),
      proxies: this.#proxies,
    });
    this.events = this.#createEvents();
  }

  async serve(endpoint: Endpoint, address: SocketAddress): Promise<SocketAddress> {
    this.#endpoint = endpoint;
    this.#listener = await listenForApps(address, this.#options.tls ?? null, (socket) =>
      this.#applications.accept(socket),
    );
    this.#armSweep();
    return this.#listener.address;
  }

  attach(app: SipApplication, lost: () => void): LocalEdgeAccess {
    return this.#applications.attach(app, lost);
  }

  stats(): DrachtioServerStats {
    const { counters, roster } = this.#context;
    return {
      applications: roster.size,
      waiting: { incoming: this.#incoming.size, outgoing: this.#outgoing.size, proxied: this.#proxies.size },
      unacknowledged: this.#incoming.unacknowledged,
      held: this.#incoming.held + this.#outgoing.held,
      frames: this.#applications.frames,
      ...counters.snapshot(),
    };
  }

  drain(): void {
    this.#incoming.drain();
  }

  async close(): Promise<void> {
    this.#cancelSweep();
    const closed = this.#listener?.close();
    // What a lost worker left is cancelled; what the others have under way they go on with by another edge.
    this.#outgoing.sweep(Number.POSITIVE_INFINITY);
    this.#incoming.leaveToOthers();
    // Nobody is offered what another leaves behind, and nobody waits: it is answered 503.
    this.#dispatcher.close();
    this.#applications.close();
    this.#incoming.sweep(Number.POSITIVE_INFINITY);
    await closed;
  }

  #createContext(): EdgeContext {
    const { settings, clock = systemClock } = this.#options;
    return {
      settings: { ...DEFAULT_EDGE_SETTINGS, ...settings },
      clock,
      tokens: new TokenSource(),
      counters: new EdgeCounters(),
      roster: new AppRoster(),
      affinity: new CallAffinity(() => clock.now()),
      calls: new CallRate(),
      endpoint: () => {
        if (this.#endpoint === null) throw new TypeError("no endpoint yet");
        return this.#endpoint;
      },
    };
  }

  #createEvents(): EndpointEvents {
    return {
      onRequest: (transaction, request) => {
        if (!this.#proxies.relay(transaction, request)) this.#incoming.request(transaction, request);
      },
      onAck: (ack, transaction) => {
        if (!this.#proxies.relayAck(ack.message)) this.#incoming.ack(ack, transaction);
      },
      onCancel: (transaction, cancel) => {
        if (!this.#proxies.cancelled(transaction)) this.#incoming.cancelled(transaction, cancel);
      },
      onAckTimeout: (transaction) => this.#incoming.acknowledgementMissing(transaction),
      onResponseLost: (transaction) => this.#incoming.responseLost(transaction),
      onStrayAnswer: (answer) => this.#outgoing.strayAnswer(answer),
    };
  }

  #armSweep(): void {
    const { settings, clock } = this.#context;
    this.#cancelSweep = clock.after(settings.sweepMs, () => {
      const nowMs = clock.now();
      this.#applications.check(nowMs);
      this.#incoming.sweep(nowMs);
      this.#outgoing.sweep(nowMs);
      this.#armSweep();
    });
  }
}
