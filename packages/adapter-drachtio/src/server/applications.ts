import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { SipApplication } from "@tandem/call-control";
import { parseMessage } from "@tandem/sip";
import { sentByOf, type Endpoint } from "@tandem/sip-endpoint";
import type { LocalEdgeAccess } from "../edge-access.ts";
import { ADOPT, type SipAppFrame } from "../wire/app-frame.ts";
import { formatVersion } from "../wire/edge-frame.ts";
import { AppSession, type AppSessionOptions, type SessionLoss, type WorkFrame } from "./app-session.ts";
import type { Application } from "./application.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { EdgeContext } from "./edge-context.ts";
import type { FramedAnswers } from "./framed-answers.ts";
import type { FramedRequests } from "./framed-requests.ts";
import type { IncomingRequests } from "./incoming-requests.ts";
import { LocalLink } from "./local-link.ts";
import type { OutgoingRequests } from "./outgoing-requests.ts";
import type { Proxies } from "./proxy/proxies.ts";
import { createSecretCheck } from "./shared-secret.ts";
import { hostports } from "./stock/own-address.ts";

/** What an edge tells its applications of itself, and who may be one. */
export interface ApplicationsOptions {
  /** Unique id of this edge. */
  readonly edge: string;
  readonly pool: string;
  /** Its listeners as configured, `name:transport:port` each, for workers to compare with the topology. */
  readonly listeners?: readonly string[];
  /** Shared with the applications. */
  readonly secret: string;
  /** Told when an application came or went; for logs. */
  readonly onSession?: (change: SessionChange) => void;
}

export interface SessionChange {
  readonly session: string;
  readonly change: "ready" | SessionLoss;
}

/** What serves applications, and hears when one is gone. */
export interface ApplicationsParts {
  readonly dispatcher: Dispatcher;
  readonly incoming: IncomingRequests;
  readonly answers: FramedAnswers;
  readonly outgoing: OutgoingRequests;
  readonly requests: FramedRequests;
  readonly proxies: Proxies;
}

/** Those who decide about the edge's calls, programs at the other end of a connection and workers of this process: they come, say what they want, and go. */
export class Applications {
  readonly #context: EdgeContext;
  readonly #options: ApplicationsOptions;
  readonly #parts: ApplicationsParts;
  readonly #sessions = new Set<AppSession>();
  /** Workers of this process, with what tells them that the edge closes. */
  readonly #links = new Map<LocalLink, () => void>();
  readonly #sessionOptions: AppSessionOptions;

  constructor(context: EdgeContext, options: ApplicationsOptions, parts: ApplicationsParts) {
    this.#context = context;
    this.#options = options;
    this.#parts = parts;
    this.#sessionOptions = this.#createSessionOptions();
  }

  /** Frames to and from all that were ever connected. */
  get frames(): { readonly received: number; readonly sent: number } {
    const { counters } = this.#context;
    const sessions = [...this.#sessions];
    return {
      received: sessions.reduce((sum, each) => sum + each.framesIn, counters.framesIn),
      sent: sessions.reduce((sum, each) => sum + each.framesOut, counters.framesOut),
    };
  }

  /** A program connected. */
  accept(socket: Socket): void {
    if (this.#sessions.size >= this.#context.settings.maxSessions) return void socket.destroy();
    this.#sessions.add(new AppSession(socket, this.#sessionOptions));
  }

  /** The worker of this process comes; `lost`: tells it that the edge closes. */
  attach(app: SipApplication, lost: () => void): LocalEdgeAccess {
    const { edge, pool, listeners = [] } = this.#options;
    const { incoming, outgoing } = this.#parts;
    const link = new LocalLink({
      edge,
      pool,
      listeners,
      sentBy: (listener) => sentByNames(this.#context.endpoint()).get(listener) ?? null,
      load: () => this.#load(),
      app,
      incoming,
      outgoing,
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

  /** Periodic look at every connection. */
  check(nowMs: number): void {
    for (const session of this.#sessions) session.check(nowMs);
  }

  /** Drops all of them; what is queued for them still leaves. */
  close(): void {
    for (const application of this.#context.roster.sessions) this.#context.roster.remove(application);
    for (const session of this.#sessions) session.dismiss();
    for (const [link, lost] of this.#links) {
      // Forgotten first: what is sent again because of the loss must not be sent here.
      lost();
      link.close();
    }
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
        onStill: (session) => this.#parts.dispatcher.workerStill(session),
        onGone: (session, loss) => this.#gone(session, loss),
      },
    };
  }

  #load() {
    const { calls, clock, endpoint } = this.#context;
    return { receiveMs: endpoint().receiveWaitMs, callsPerSecond: calls.at(clock.now()) };
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
        return frame.off ? this.#parts.incoming.unhold(frame.transactionId) : this.#hold(frame.transactionId);
      case "acknowledged":
        session.reply(frame.id, "OK");
        return this.#parts.incoming.acknowledgedElsewhere(frame.transactionId);
      case "proxy":
        return this.#parts.proxies.begin(session, frame, this.#parts.incoming);
    }
  }

  #route(application: Application, verb: string, add: boolean): void {
    const { roster } = this.#context;
    if (add) roster.route(application, verb);
    else roster.withdraw(application, verb);
    this.#parts.dispatcher.applicationCame();
  }

  /** A transaction that is over by now needs no holding. */
  #hold(transactionId: string): void {
    this.#parts.incoming.hold(transactionId);
    this.#parts.outgoing.hold(transactionId);
  }

  #sip(session: AppSession, frame: SipAppFrame): void {
    const { answers, requests } = this.#parts;
    const parsed = parseMessage(frame.text);
    if (!parsed.ok) {
      this.#context.counters.unreadable += 1;
      return session.reply(frame.id, `NOK|invalid message: ${parsed.error.detail}`);
    }
    if (parsed.value.kind === "response") return answers.respond(session, frame, parsed.value);
    if (frame.transactionId === ADOPT && session.octets) return answers.adopt(session, frame, parsed.value);
    requests.send(session, frame, parsed.value);
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
    const { dispatcher, incoming, outgoing } = this.#parts;
    const isWorker = application.octets && roster.sessions.has(application);
    roster.remove(application);
    // What the application left pending is held before its own requests are offered to another, which goes on with it.
    outgoing.lost(application);
    if (isWorker) dispatcher.workerLost(application);
    incoming.lost(application);
  }
}

function sentByNames({ listeners }: Endpoint): ReadonlyMap<string, string> {
  return new Map(listeners.map((listener) => [listener.name, sentByOf(listener)]));
}
