import {
  NO_WAIT,
  type ClientEvents,
  type ClientTransaction,
  type EdgeWait,
  type IncomingRequest,
  type OutgoingRequest,
  type PeerAddress,
  type SipApplication,
} from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { formatMessage, parseMessage, responseTo, type SipMessage } from "@tandem/sip";
import type { Adoption } from "../../edge-access.ts";
import { parseEdgeFrame } from "../../wire/edge-frame.ts";
import { EdgeLink, type EdgeLinkOptions } from "../edge-link.ts";
import type { LinkSession } from "../link-exchanges.ts";
import type { PoolLink } from "../pool-link.ts";
import type { StrandedInvite } from "../served-requests.ts";
import { FrameWindow, MAX_STOCK_FRAME_OCTETS } from "./frame-window.ts";
import { StockCalls } from "./stock-calls.ts";
import { stockFailure } from "./stock-failures.ts";
import {
  byeOfPeer,
  fromServer,
  insistsOnReliable,
  requestForServer,
  responseForServer,
  topRoute,
} from "./stock-messages.ts";
import { WatchedEvents } from "./watched-events.ts";

/** A pool whose edges are stock drachtio-servers. */
export interface StockPool {
  /** Its listeners, one for each transport at most: a server tells the transport by which a request came, not more. */
  readonly listeners: readonly { readonly name: string; readonly transport: PeerAddress["transport"] }[];
}

export interface StockLinkOptions extends EdgeLinkOptions {
  /** `host:port` of the server, its only name. */
  readonly address: string;
  readonly stock: StockPool;
}

/** What reaches a worker out of a dialog, as routes of a server that knows no `*`. */
const VERBS = ["invite", "options", "message", "info", "notify", "subscribe", "publish", "register"] as const;

/** Transaction id of what the server did by itself: nobody waits for an answer. */
const UNSOLICITED = "unsolicited";
/** Room for the first line of a frame. */
const LINE_OCTETS = 500;

/**
 * One open connection to a stock drachtio-server. The server keeps dialogs itself: it numbers requests, sets routes, repeats and refreshes, and knows only
 * this connection for what happens in them. So messages are fitted to it here, and what no server of that kind can do is not promised (docs/kubernetes.md).
 */
export class StockLink implements PoolLink {
  readonly edge: string;
  readonly pool: string;
  readonly listeners = null;
  readonly servesConfiguredPool = true;
  readonly keepsAside = false;
  readonly adopts = false;
  readonly instance = "";
  readonly #options: StockLinkOptions;
  readonly #window: FrameWindow;
  readonly #link: EdgeLink;
  readonly #calls = new StockCalls();

  constructor(session: LinkSession, options: StockLinkOptions) {
    const { clock, pool, address, app } = options;
    this.#options = options;
    this.edge = `drachtio@${address}`;
    this.pool = pool;
    this.#window = new FrameWindow((payload) => session.send(payload), clock);
    const told: SipApplication = {
      onRequest: (request) => this.#request(request),
      onCancel: (transaction, cancel) => {
        this.#calls.ended(cancel.get("Call-ID") ?? "");
        app.onCancel(transaction, cancel);
      },
      onAckTimeout: (transaction, response) => app.onAckTimeout(transaction, response),
      onOrphanAnswer: (answer) => app.onOrphanAnswer(answer),
      worksOn: (invite) => app.worksOn(invite),
    };
    this.#link = new EdgeLink(this.#window, `v0;edge=${this.edge};pool=${pool}`, { ...options, app: told });
  }

  get pending(): EdgeLink["pending"] {
    return this.#link.pending;
  }

  /** Nothing is under way, and no call is up: without this connection the server would answer their requests 481. */
  get idle(): boolean {
    return this.#link.idle && this.#calls.up === 0;
  }

  /** A stock server does not tell. */
  get wait(): EdgeWait {
    return NO_WAIT;
  }

  adopt(_invite: IncomingRequest, taken: (adoption: Adoption) => void): void {
    taken(null);
  }

  /** A stock server ends when its supervisor says so. */
  hold(): void {}

  unhold(): void {}

  /** A stock server cannot be told. */
  acknowledged(): void {}

  handOver(id: string): void {
    this.#link.handOver(id);
  }

  holds(callId: string): boolean {
    return this.#calls.holds(callId);
  }

  sentBy(): null {
    return null;
  }

  async request(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    const { pool, nextHop } = request;
    const message = requestForServer(request.message);
    if (isTooLarge(message)) return err(tooLarge());
    const { method } = message;
    if (method === "INVITE") this.#calls.invited(message);
    if (method === "BYE") this.#calls.ended(message.get("Call-ID") ?? "");
    const watched = this.#watched(request, events);
    const way = { pool, listener: "", nextHop: withoutFlow(nextHop ?? topRoute(request.message)), preferredEdge: null };
    const sent = await this.#link.request({ message, ...way }, watched);
    if (!sent.ok) {
      watched.over();
      return err(stockFailure(sent.error));
    }
    // After the caller of this function has the transaction's name.
    if (method === "INVITE") setImmediate(() => watched.trying());
    return sent;
  }

  async respond(id: string, response: SipMessage): Promise<Result<void, Failure>> {
    if (id === UNSOLICITED) return ok(undefined);
    const message = responseForServer(response);
    if (isTooLarge(message)) return err(tooLarge());
    this.#calls.answered(message);
    const sent = await this.#link.respond(id, message);
    return sent.ok ? sent : err(stockFailure(sent.error));
  }

  async cancel(id: string, headers: readonly (readonly [string, string])[]): Promise<Result<void, Failure>> {
    const sent = await this.#link.cancel(id, headers);
    return sent.ok ? sent : err(stockFailure(sent.error));
  }

  /** Every verb by itself. A server takes all of them back at the first that is withdrawn. */
  route(_verb: string, add: boolean): void {
    for (const verb of VERBS) this.#link.route(verb, add);
  }

  receive(payload: string): void {
    const frame = parseEdgeFrame(payload);
    if (frame.kind === "reply") this.#window.answered(frame.to);
    if (frame.kind === "sip" && frame.source === "application") this.#ownBye(frame.text);
    else this.#link.receive(payload);
  }

  lose(): readonly StrandedInvite[] {
    this.#window.lose();
    return this.#link.lose();
  }

  #request(request: IncomingRequest): void {
    const { message, transaction } = request;
    if (insistsOnReliable(message)) {
      const headers = [["Unsupported", "100rel"]] as const;
      return void this.#link.respond(transaction.id, responseTo(message, 420, { headers }));
    }
    if (message.method === "INVITE") this.#calls.invited(message);
    if (message.method === "BYE") this.#calls.ended(message.get("Call-ID") ?? "");
    this.#options.app.onRequest({ ...request, message: fromServer(message), listener: this.#listenerOf(request) });
  }

  #listenerOf({ source }: IncomingRequest): string {
    const { listeners } = this.#options.stock;
    return (listeners.find(({ transport }) => transport === source.transport) ?? listeners[0])?.name ?? "";
  }

  /** No ACK came, a session was not refreshed, or a 200 crossed our CANCEL: the server has sent BYE and tells us. */
  #ownBye(text: string): void {
    const parsed = parseMessage(text);
    if (!parsed.ok || parsed.value.method !== "BYE") return this.#options.counters.unreadable("unexpected message");
    const { app, pool } = this.#options;
    const message = byeOfPeer(parsed.value);
    this.#calls.ended(message.get("Call-ID") ?? "");
    const transaction = { edge: this.edge, id: UNSOLICITED };
    const source = { address: "", port: 0, transport: "udp" } as const;
    app.onRequest({ transaction, message, source, pool, listener: "", tlsIdentities: [], redelivered: false });
  }

  #watched({ message, timeoutMs }: OutgoingRequest, events: ClientEvents): WatchedEvents {
    return new WatchedEvents({ message, events, calls: this.#calls, timeoutMs, clock: this.#options.clock });
  }
}

function isTooLarge(message: SipMessage): boolean {
  return formatMessage(message).length > MAX_STOCK_FRAME_OCTETS - LINE_OCTETS;
}

function tooLarge(): Failure {
  return { code: "message-too-large", detail: "a stock drachtio-server takes messages of up to 11 500 octets" };
}

/** A server goes back on a peer's connection by itself and does not know the parameter. */
function withoutFlow(hop: string | null): string | null {
  return hop === null ? null : hop.replace(/;flow(?==|;|$)(?:=[^;]*)?/, "");
}
