import type {
  ClientEvents,
  ClientTransaction,
  EdgeLoad,
  EdgeWait,
  IncomingRequest,
  OutgoingRequest,
  ServerTransaction,
  SipApplication,
} from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { parseMessage, type SipMessage } from "@tandem/sip";
import type { ReceivedMessage } from "@tandem/sip-endpoint";
import type { Adoption, LocalEdgeAccess } from "../edge-access.ts";
import { edgeLost, fromEdgeReason } from "../edge-failures.ts";
import type { Application, OrphanedAnswer, RequestTokens } from "./application.ts";
import type { IncomingRequests } from "./incoming-requests.ts";
import { LocalCall } from "./local-call.ts";
import type { AnsweredInvite } from "./offer.ts";
import { withMaxForwards, type OutgoingRequests } from "./outgoing-requests.ts";

export interface LocalLinkParts {
  readonly edge: string;
  readonly pool: string;
  readonly listeners: readonly string[];
  readonly sentBy: (listener: string) => string | null;
  readonly load: () => EdgeLoad;
  readonly app: SipApplication;
  readonly incoming: IncomingRequests;
  readonly outgoing: OutgoingRequests;
  readonly onRoute: (link: LocalLink, verb: string, add: boolean) => void;
  readonly onHold: (transactionId: string) => void;
  /** The worker leaves: what it left is given to others. */
  readonly onClose: (link: LocalLink) => void;
}

/**
 * The worker in the edge's own process: to the edge an application like any other, to the worker an edge like any other, and in between the message
 * itself instead of a connection, frames and a second parser.
 */
export class LocalLink implements Application, LocalEdgeAccess {
  readonly edge: string;
  readonly pool: string;
  readonly listeners: readonly string[];
  readonly octets = true;
  readonly local = true;
  readonly still = false;
  readonly keepsAside = true;
  readonly adopts = true;
  readonly #parts: LocalLinkParts;
  #ready = true;
  /** Requests sent in this turn: their events wait until the caller of `request` has the transaction's id. */
  #fresh: LocalCall[] = [];

  constructor(parts: LocalLinkParts) {
    this.edge = parts.edge;
    this.pool = parts.pool;
    this.listeners = parts.listeners;
    this.#parts = parts;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get pending(): { readonly client: number; readonly server: number } {
    const { incoming, outgoing } = this.#parts;
    return { client: outgoing.of(this).length, server: incoming.waitingFor(this) };
  }

  get idle(): boolean {
    const { incoming, outgoing } = this.#parts;
    // A probe's OPTIONS may stay unanswered for 64*T1, and nobody misses its answer.
    const awaited = outgoing.of(this).some(({ request }) => request.method !== "OPTIONS");
    return !awaited && incoming.waitingFor(this) === 0;
  }

  get wait(): EdgeWait {
    return { ...this.#parts.load(), lineMs: 0 };
  }

  sentBy(listener: string): string | null {
    return this.#parts.sentBy(listener);
  }

  deliver({ message, source, atMs: cameMs }: ReceivedMessage, { transactionId, redelivered }: RequestTokens): void {
    const { app } = this.#parts;
    const transaction: ServerTransaction = { edge: this.edge, id: transactionId };
    if (message.method === "CANCEL") return app.onCancel(transaction, message);
    const { address, port, transport, listener, identities: tlsIdentities } = source;
    app.onRequest({
      transaction,
      message,
      source: { address, port, transport },
      pool: this.pool,
      listener: listener.name,
      tlsIdentities,
      redelivered,
      cameMs,
    });
  }

  ackMissing({ transaction, sent }: AnsweredInvite): void {
    const answer = parseMessage(sent.text);
    if (answer.ok) this.#parts.app.onAckTimeout({ edge: this.edge, id: transaction.id }, answer.value);
  }

  orphanAnswer({ answer, firstMs: cameMs, ...orphaned }: OrphanedAnswer): void {
    const { message, source } = answer;
    const { address, port, transport } = source;
    const { edge, pool } = this;
    this.#parts.app.onOrphanAnswer({ ...orphaned, message, edge, pool, source: { address, port, transport }, cameMs });
  }

  async request(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    if (!this.#ready) return err(edgeLost(this.edge));
    const { outgoing } = this.#parts;
    const { listener, nextHop, timeoutMs = null, branch = "", sentBy = "" } = request;
    const message = withMaxForwards(request.message);
    if (message.method === "ACK") return this.#acknowledge(message, listener, nextHop);
    const call = new LocalCall(outgoing, this, { request: message, listener, branch, events });
    this.#hold(call);
    return ok({ edge: this.edge, id: outgoing.start(call, { nextHop, timeoutMs, sentBy }) });
  }

  async respond(id: string, response: SipMessage): Promise<Result<void, Failure>> {
    if (!this.#ready) return err(edgeLost(this.edge));
    const answered = this.#parts.incoming.answer(this, id, response);
    return answered.ok ? ok(undefined) : err(fromEdgeReason(`${answered.reason}: ${answered.detail}`));
  }

  async cancel(id: string, headers: readonly (readonly [string, string])[]): Promise<Result<void, Failure>> {
    if (!this.#ready) return err(edgeLost(this.edge));
    const cancelled = this.#parts.outgoing.cancel(id, headers);
    return cancelled === undefined ? err(fromEdgeReason("transaction-over: no such INVITE")) : ok(undefined);
  }

  adopt({ message, source, listener }: IncomingRequest, taken: (adoption: Adoption) => void): void {
    const { address, port } = source;
    const id = this.#ready ? this.#parts.incoming.adopt(this, message, { listener, address, port }) : null;
    if (id === null) taken(null);
    else taken(id === "" ? "known" : { edge: this.edge, id });
  }

  route(verb: string, add: boolean): void {
    this.#parts.onRoute(this, verb, add);
  }

  hold(id: string): void {
    this.#parts.onHold(id);
  }

  unhold(id: string): void {
    this.#parts.incoming.unhold(id);
  }

  acknowledged(id: string): void {
    this.#parts.incoming.acknowledgedElsewhere(id);
  }

  /** The edge of this process has it all the same, and waits until it is answered. */
  handOver(): void {}

  close(): void {
    if (!this.#ready) return;
    this.#ready = false;
    const { outgoing, onClose } = this.#parts;
    const pending = outgoing.of(this);
    onClose(this);
    for (const call of pending) if (call instanceof LocalCall) call.abandon(edgeLost(this.edge));
  }

  async #acknowledge(
    message: SipMessage,
    listener: string,
    nextHop: string | null,
  ): Promise<Result<ClientTransaction, Failure>> {
    const sent = await this.#parts.outgoing.acknowledge({ message, listener, nextHop });
    if (sent.ok) return ok({ edge: this.edge, id: "" });
    return err(fromEdgeReason(`${sent.error.reason}: ${sent.error.detail}`));
  }

  #hold(call: LocalCall): void {
    if (this.#fresh.push(call) === 1) setImmediate(() => this.#release());
  }

  #release(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const call of fresh) call.release();
  }
}
