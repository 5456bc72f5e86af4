import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { CallRate, type SipApplication } from "@tandem/call-control";
import { systemClock, type SocketAddress } from "@tandem/runtime";
import { parseMessage } from "@tandem/sip";
import { sentByOf, type Endpoint, type EndpointEvents } from "@tandem/sip-endpoint";
import type { LocalEdge, LocalEdgeAccess } from "../edge-access.ts";
import { ADOPT, type SipAppFrame } from "../wire/app-frame.ts";
import { formatVersion } from "../wire/edge-frame.ts";
import { listenForApps, type AppListener } from "./app-listener.ts";
import { AppRoster } from "./app-roster.ts";
import { AppSession, type AppSessionOptions, type SessionLoss, type WorkFrame } from "./app-session.ts";
import type { Application } from "./application.ts";
import { CallAffinity } from "./call-affinity.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { EdgeClock, EdgeContext } from "./edge-context.ts";
import { EdgeCounters } from "./edge-counters.ts";
import { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from "./edge-settings.ts";
import { FramedAnswers } from "./framed-answers.ts";
import { IncomingRequests } from "./incoming-requests.ts";
import { LocalLink } from "./local-link.ts";
import { reportMissingAck } from "./missing-ack.ts";
import { OutgoingRequests } from "./outgoing-requests.ts";
import { Proxies } from "./proxy/proxies.ts";
import { RecordRoutes } from "./proxy/record-route.ts";
import type { DrachtioServerStats } from "./server-stats.ts";
import { createSecretCheck } from "./shared-secret.ts";
import { hostports } from "./stock/own-address.ts";
import { StockClientDialogs } from "./stock/stock-client-dialogs.ts";
import { StockDialogs } from "./stock/stock-dialogs.ts";
import { StockRequests } from "./stock/stock-requests.ts";
import { StockResponses } from "./stock/stock-responses.ts";
import { TokenSource } from "./token-source.ts";

export interface DrachtioServerOptions {
  /** Unique id of this edge. */
  readonly edge: string;
  readonly pool: string;
  /** Its listeners as configured, `name:transport:port` each, for workers to compare with the topology. */
  readonly listeners?: readonly string[];
  /** Shared with the applications. */
  readonly secret: string;
  /** TLS towards the applications; default plain TCP. */
  readonly tls?: TlsOptions;
  readonly settings?: Partial<EdgeSettings>;
  readonly clock?: EdgeClock;
  /** Told when an application came or went; for logs. */
  readonly onSession?: (change: SessionChange) => void;
}

export interface SessionChange {
  readonly session: string;
  readonly change: "ready" | SessionLoss;
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
  readonly #answers: FramedAnswers;
  readonly #outgoing: OutgoingRequests;
  readonly #proxies: Proxies;
  readonly #sessions = new Set<AppSession>();
  /** Workers of this process, with what tells them that the edge closes. */
  readonly #links = new Map<LocalLink, () => void>();
  readonly #sessionOptions: AppSessionOptions;
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
    this.#answers = new FramedAnswers(context, { incoming: this.#incoming, stock });
    this.#outgoing = new OutgoingRequests(context, {
      dialogs: new StockClientDialogs(dialogs, () => context.endpoint().listeners),
      stock: new StockRequests(context, dialogs),
    });
    this.#sessionOptions = this.#createSessionOptions();
    this.events = this.#createEvents();
  }

  async serve(endpoint: Endpoint, address: SocketAddress): Promise<SocketAddress> {
    this.#endpoint = endpoint;
    this.#listener = await listenForApps(address, this.#options.tls ?? null, (socket) => this.#accept(socket));
    this.#armSweep();
    return this.#listener.address;
  }

  attach(app: SipApplication, lost: () => void): LocalEdgeAccess {
    const { edge, pool, listeners = [] } = this.#options;
    const link = new LocalLink({
      edge,
      pool,
      listeners,
      sentBy: (listener) => sentByNames(this.#context.endpoint()).get(listener) ?? null,
      load: () => this.#load(),
      app,
      incoming: this.#incoming,
      outgoing: this.#outgoing,
      onRoute: (from, verb, add) => this.#route(from, verb, add),
      onHold: (transactionId) => this.#hold(transactionId),
      onClose: (from) => {
        this.#links.delete(from);
        this.#lost(from);
      },
    });
    this.#links.set(link, lost);
    this.#context.roster.add(link);
    return link;
  }

  stats(): DrachtioServerStats {
    const { counters, roster } = this.#context;
    const sessions = [...this.#sessions];
    return {
      applications: roster.size,
      waiting: { incoming: this.#incoming.size, outgoing: this.#outgoing.size, proxied: this.#proxies.size },
      held: this.#incoming.held + this.#outgoing.held,
      frames: {
        received: sessions.reduce((sum, each) => sum + each.framesIn, counters.framesIn),
        sent: sessions.reduce((sum, each) => sum + each.framesOut, counters.framesOut),
      },
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
    for (const application of this.#context.roster.sessions) this.#context.roster.remove(application);
    for (const session of this.#sessions) session.dismiss();
    for (const [link, lost] of this.#links) {
      // Forgotten first: what is sent again because of the loss must not be sent here.
      lost();
      link.close();
    }
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

  #createSessionOptions(): AppSessionOptions {
    const { edge, pool, secret, listeners = [] } = this.#options;
    const { settings, tokens, clock, endpoint } = this.#context;
    const instance = randomUUID();
    return {
      limits: settings.session,
      secretMatches: createSecretCheck(secret),
      welcome: () => ({
        hostports: hostports(endpoint().listeners, false),
        version: formatVersion({ edge, pool, listeners, instance, sentBy: sentByNames(endpoint()) }),
        localHostports: hostports(endpoint().listeners, true),
      }),
      tokens,
      now: () => clock.now(),
      load: () => this.#load(),
      events: {
        onReady: (session) => this.#ready(session),
        onFrame: (session, frame) => this.#frame(session, frame),
        onStill: (session) => this.#dispatcher.workerStill(session),
        onGone: (session, loss) => this.#gone(session, loss),
      },
    };
  }

  #load() {
    const { calls, clock, endpoint } = this.#context;
    return { receiveMs: endpoint().receiveWaitMs, callsPerSecond: calls.at(clock.now()) };
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

  #accept(socket: Socket): void {
    if (this.#sessions.size >= this.#context.settings.maxSessions) return void socket.destroy();
    this.#sessions.add(new AppSession(socket, this.#sessionOptions));
  }

  #ready(session: AppSession): void {
    this.#context.roster.add(session);
    this.#options.onSession?.({ session: session.id, change: "ready" });
  }

  #frame(session: AppSession, frame: WorkFrame): void {
    switch (frame.kind) {
      case "route":
      case "remove-route":
        session.reply(frame.id, "OK");
        return this.#route(session, frame.verb, frame.kind === "route");
      case "sip":
        return this.#sip(session, frame);
      case "hold":
        session.reply(frame.id, "OK");
        return this.#hold(frame.transactionId);
      case "proxy":
        return this.#proxies.begin(session, frame, this.#incoming);
    }
  }

  #route(application: Application, verb: string, add: boolean): void {
    const { roster } = this.#context;
    if (add) roster.route(application, verb);
    else roster.withdraw(application, verb);
    this.#dispatcher.applicationCame();
  }

  /** A transaction that is over by now needs no holding. */
  #hold(transactionId: string): void {
    this.#incoming.hold(transactionId);
    this.#outgoing.hold(transactionId);
  }

  #sip(session: AppSession, frame: SipAppFrame): void {
    const parsed = parseMessage(frame.text);
    if (!parsed.ok) {
      this.#context.counters.unreadable += 1;
      return session.reply(frame.id, `NOK|invalid message: ${parsed.error.detail}`);
    }
    if (parsed.value.kind === "response") return this.#answers.respond(session, frame, parsed.value);
    if (frame.transactionId === ADOPT && session.octets) return this.#answers.adopt(session, frame, parsed.value);
    this.#outgoing.send(session, frame, parsed.value);
  }

  #gone(session: AppSession, loss: SessionLoss): void {
    const { counters } = this.#context;
    this.#sessions.delete(session);
    counters.lost(loss);
    counters.framesIn += session.framesIn;
    counters.framesOut += session.framesOut;
    this.#options.onSession?.({ session: session.id, change: loss });
    this.#lost(session);
  }

  #lost(application: Application): void {
    const { roster } = this.#context;
    const isWorker = application.octets && roster.sessions.has(application);
    roster.remove(application);
    // What the application left pending is held before its own requests are offered to another, which goes on with it.
    this.#outgoing.lost(application);
    if (isWorker) this.#dispatcher.workerLost(application);
    this.#incoming.lost(application);
  }

  #armSweep(): void {
    const { settings, clock } = this.#context;
    this.#cancelSweep = clock.after(settings.sweepMs, () => {
      const nowMs = clock.now();
      for (const session of this.#sessions) session.check(nowMs);
      this.#incoming.sweep(nowMs);
      this.#outgoing.sweep(nowMs);
      this.#armSweep();
    });
  }
}

function sentByNames({ listeners }: Endpoint): ReadonlyMap<string, string> {
  return new Map(listeners.map((listener) => [listener.name, sentByOf(listener)]));
}
