import {
  NO_WAIT,
  type ClientEvents,
  type ClientTransaction,
  type EdgeWait,
  type IncomingRequest,
  type OutgoingRequest,
  type ServerTransaction,
  type SipApplication,
} from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { buildResponse, formatMessage, parseMessage, type SipMessage } from "@tandem/sip";
import { formatAcknowledgedFrame, formatHoldFrame, formatRouteFrame, formatUnholdFrame } from "../wire/app-frame.ts";
import { parseEdgeFrame, parseVersion, type SipEdgeFrame } from "../wire/edge-frame.ts";
import type { Adoption } from "../edge-access.ts";
import { edgeLost } from "../edge-failures.ts";
import { LinkExchanges, type LinkExchangesOptions, type LinkSession } from "./link-exchanges.ts";
import { adoptFrame, answerFrame, cameAt, peerOf, requestFrame } from "./link-frames.ts";
import type { PoolLink } from "./pool-link.ts";
import { ServedRequests, type StrandedInvite } from "./served-requests.ts";

export interface EdgeLinkOptions extends LinkExchangesOptions {
  /** Pool the address was configured for. */
  readonly pool: string;
  readonly app: SipApplication;
}

/** 64*T1: the ACK of an answer comes by then, or never (RFC 3261 §13.3.1.4), and a little more. */
const ALIAS_LIFE_MS = 40_000;

/**
 * The SIP side of one open connection to an edge: what the edge brings and what it is asked for, as frames. Made when the edge accepted us, done with when
 * the connection is lost.
 */
export class EdgeLink implements PoolLink {
  /** The edge's id; empty for a server that tells none. */
  readonly edge: string;
  /** The pool the address was configured for. */
  readonly pool: string;
  /** Its listeners as configured, `name:transport:port` each; null when it does not say. */
  readonly listeners: readonly string[] | null;
  /** False when the edge says it belongs to another pool. */
  readonly servesConfiguredPool: boolean;
  readonly keepsAside: boolean;
  readonly adopts: boolean;
  readonly instance: string;
  readonly #holds: boolean;
  readonly #hearsAcks: boolean;
  readonly #sentBy: ReadonlyMap<string, string>;
  readonly #options: EdgeLinkOptions;
  readonly #session: LinkSession;
  readonly #exchanges: LinkExchanges;
  readonly #served = new ServedRequests();
  /** Transactions of INVITEs adopted here after their answer, with the name under which the application knows them. */
  readonly #aliases = new Map<string, ServerTransaction>();
  #lastId = 0;

  constructor(session: LinkSession, version: string, options: EdgeLinkOptions) {
    this.#session = session;
    this.#options = options;
    const identity = parseVersion(version);
    this.edge = identity.edge ?? "";
    this.pool = options.pool;
    this.listeners = identity.listeners;
    this.servesConfiguredPool = identity.pool === options.pool;
    this.keepsAside = identity.adopts;
    this.adopts = identity.adopts;
    this.instance = identity.instance;
    this.#holds = identity.holds;
    this.#hearsAcks = identity.hearsAcks;
    this.#sentBy = identity.sentBy;
    this.#exchanges = new LinkExchanges(this.edge, session, options);
  }

  /** Client transactions, server transactions and replies under way. */
  get pending(): { readonly client: number; readonly server: number; readonly replies: number } {
    return { ...this.#exchanges.pending, server: this.#unanswered };
  }

  get wait(): EdgeWait {
    return this.#options.wait?.now ?? NO_WAIT;
  }

  /** Nothing is under way that a peer or a call waits for. */
  get idle(): boolean {
    return this.#exchanges.awaited + this.#unanswered === 0;
  }

  /** Requests delivered to the application and not finally answered. */
  get #unanswered(): number {
    return this.#served.size(this.#options.clock.now());
  }

  sentBy(listener: string): string | null {
    return this.#sentBy.get(listener) ?? null;
  }

  holds(): boolean {
    return false;
  }

  /** Sends a request; the result names the transaction at the edge. */
  request(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    const { message } = request;
    const id = this.#nextId();
    return this.#exchanges.ask({
      id,
      payload: requestFrame(id, request),
      request: { method: message.method, events },
    });
  }

  /** Answers a request that this edge delivered, to this worker or another. */
  async respond(id: string, response: SipMessage): Promise<Result<void, Failure>> {
    this.#served.answered(id, response, this.#options.clock.now());
    return this.#answer(id, formatMessage(response));
  }

  /** Cancels an INVITE of this edge. */
  async cancel(id: string, headers: readonly (readonly [string, string])[]): Promise<Result<void, Failure>> {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return this.#answer(id, `CANCEL sip:placeholder SIP/2.0\r\n${lines}Content-Length: 0\r\n\r\n`);
  }

  /** Has this edge go on with an INVITE that another one received. `taken` hears before any event of the new transaction. */
  adopt(invite: IncomingRequest, taken: (adoption: Adoption) => void): void {
    const id = this.#nextId();
    this.#exchanges.askFor({ id, payload: adoptFrame(id, invite), request: null }, (result) =>
      taken(result.ok ? this.#adopted(invite, result.value) : null),
    );
  }

  /** The application knows the INVITE of this transaction by another one. */
  alias(id: string, known: ServerTransaction): void {
    this.#aliases.set(id, known);
    this.#options.clock.after(ALIAS_LIFE_MS, () => this.#aliases.delete(id));
  }

  hold(id: string): void {
    // One of an earlier release does not know the frame.
    if (this.#holds) this.#session.send(formatHoldFrame(this.#nextId(), id));
  }

  unhold(id: string): void {
    if (this.#holds) this.#session.send(formatUnholdFrame(this.#nextId(), id));
  }

  acknowledged(id: string): void {
    if (this.#hearsAcks) this.#session.send(formatAcknowledgedFrame(this.#nextId(), id));
  }

  handOver(id: string): void {
    this.#served.left(id);
  }

  /** Registers or withdraws one verb. */
  route(verb: string, add: boolean): void {
    this.#session.send(formatRouteFrame(this.#nextId(), verb, add));
  }

  /** One frame from the edge. */
  receive(payload: string): void {
    const frame = parseEdgeFrame(payload);
    this.#options.counters.framesIn += 1;
    if (frame.kind === "reply") return this.#exchanges.reply(frame);
    if (frame.kind === "other") return this.#unreadable("frame of unknown type");
    if (frame.source === "application") return this.#fromEdge(frame);
    if (frame.text.startsWith("SIP/2.0 ")) return this.#exchanges.response(frame);
    return this.#request(frame);
  }

  /** The connection is gone: every transaction and every reply under way fails. */
  lose(): readonly StrandedInvite[] {
    if (this.#exchanges.lost) return [];
    const stranded = this.#served.strand(this.#options.clock.now());
    this.#exchanges.lose(edgeLost(this.edge));
    return stranded;
  }

  #adopted(invite: IncomingRequest, transaction: ServerTransaction): Adoption {
    if (transaction.id === "") return "known";
    this.#served.delivered({ ...invite, transaction }, this.#options.clock.now());
    return transaction;
  }

  async #answer(id: string, text: string): Promise<Result<void, Failure>> {
    const frameId = this.#nextId();
    const sent = await this.#exchanges.ask({ id: frameId, payload: answerFrame(frameId, id, text), request: null });
    return sent.ok ? ok(undefined) : sent;
  }

  #request(frame: SipEdgeFrame): void {
    const parsed = parseMessage(frame.text);
    const transaction: ServerTransaction = { edge: this.edge, id: frame.transactionId };
    if (!parsed.ok) return this.#refuse(transaction, frame.text, parsed.error);
    const message = parsed.value;
    if (message.method === "CANCEL") {
      this.#served.over(transaction.id);
      return this.#options.app.onCancel(transaction, message);
    }
    const nowMs = this.#options.clock.now();
    const request: IncomingRequest = {
      transaction,
      message,
      source: peerOf(frame),
      pool: this.pool,
      listener: frame.arrival?.listener ?? "",
      tlsIdentities: frame.arrival?.identities ?? [],
      redelivered: frame.arrival?.redelivered ?? false,
      cameMs: cameAt(frame, nowMs),
    };
    if (message.method !== "ACK") this.#served.delivered(request, nowMs);
    this.#options.app.onRequest(request);
  }

  /** A request that cannot be read gets the parser's answer; the edge supplies the headers that belong to the transaction. */
  #refuse(
    transaction: ServerTransaction,
    text: string,
    failure: { readonly status: number; readonly detail: string },
  ): void {
    this.#unreadable(failure.detail);
    if (text.startsWith("ACK ") || text.startsWith("CANCEL ")) return;
    const response = buildResponse({ status: failure.status, reason: failure.detail, method: "", headers: [] });
    void this.respond(transaction.id, response);
  }

  /** What the edge tells by itself to an application that keeps its own dialogs: a missing ACK, and an answer that nobody acknowledged there. */
  #fromEdge(frame: SipEdgeFrame): void {
    const { app } = this.#options;
    const { transactionId, dialogId } = frame;
    const parsed = parseMessage(frame.text);
    if (!parsed.ok) return this.#unreadable(parsed.error.detail);
    const message = parsed.value;
    if (transactionId === "ack-timeout") {
      app.onAckTimeout(this.#aliases.get(dialogId) ?? { edge: this.edge, id: dialogId }, message);
    } else if (transactionId === "orphan-answer") {
      const { told = false } = frame;
      const from = { edge: this.edge, pool: this.pool, listener: dialogId, source: peerOf(frame) };
      app.onOrphanAnswer({ message, ...from, told, cameMs: cameAt(frame, this.#options.clock.now()) });
    } else this.#unreadable("unexpected message from the edge itself");
  }

  #unreadable(detail: string): void {
    this.#options.counters.unreadable(detail);
  }

  #nextId(): string {
    this.#lastId += 1;
    return this.#lastId.toString(36);
  }
}
