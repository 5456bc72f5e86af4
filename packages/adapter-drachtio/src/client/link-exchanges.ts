import type { ClientEvents, ClientTransaction, Clock } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { parseMessage } from "@tandem/sip";
import { edgeLost, edgeSpokeNonsense, fromEdgeReason } from "../edge-failures.ts";
import type { ReplyFrame, SipEdgeFrame } from "../wire/edge-frame.ts";
import type { LinkCounters } from "./link-counters.ts";
import { cameAt, peerOf } from "./link-frames.ts";
import type { LinkWait } from "./link-wait.ts";
import { PendingTransactions } from "./pending-transactions.ts";

/** What a link may use of its connection. */
export interface LinkSession {
  send(payload: string): void;
}

export interface LinkExchangesOptions {
  /** Hears the edge's answers to pings; null: nobody measures. */
  readonly wait: LinkWait | null;
  readonly clock: Clock;
  readonly counters: LinkCounters;
}

/** A frame that asks the edge for something. */
export interface AskingFrame {
  readonly id: string;
  readonly payload: string;
  /** Given if it asks for a request to be sent. */
  readonly request: { readonly method: string; readonly events: ClientEvents } | null;
}

interface PendingReply {
  readonly request: AskingFrame["request"];
  readonly resolve: (result: Result<ClientTransaction, Failure>) => void;
}

/** What a worker asks of one edge: frames until their reply, by message id, and requests until their final response, by transaction id. */
export class LinkExchanges {
  readonly #edge: string;
  readonly #session: LinkSession;
  readonly #options: LinkExchangesOptions;
  readonly #replies = new Map<string, PendingReply>();
  readonly #clients: PendingTransactions;
  /** Transactions announced in this turn: their responses wait until the caller of `ask` has the id. */
  #fresh: Map<string, SipEdgeFrame[]> | null = null;
  #lost = false;

  constructor(edge: string, session: LinkSession, options: LinkExchangesOptions) {
    this.#edge = edge;
    this.#session = session;
    this.#options = options;
    this.#clients = new PendingTransactions(options.clock.now());
  }

  /** The connection is gone. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Client transactions and replies under way. */
  get pending(): { readonly client: number; readonly replies: number } {
    return { client: this.#clients.size, replies: this.#replies.size };
  }

  /** Those of them that somebody waits for. */
  get awaited(): number {
    return this.#clients.awaited + this.#replies.size;
  }

  /** Sends a frame that asks for something; the result names the transaction at the edge. */
  ask(frame: AskingFrame): Promise<Result<ClientTransaction, Failure>> {
    return new Promise((resolve) => this.askFor(frame, resolve));
  }

  /** The same; `told` hears before anything else that the edge says of it. */
  askFor({ id, payload, request }: AskingFrame, told: PendingReply["resolve"]): void {
    if (this.#lost) return told(err(edgeLost(this.#edge)));
    this.#replies.set(id, { request, resolve: told });
    this.#options.counters.framesOut += 1;
    this.#session.send(payload);
  }

  /** The edge replied to a frame. */
  reply(frame: ReplyFrame): void {
    const reply = this.#replies.get(frame.to);
    // Replies to routes and pings have nobody waiting.
    if (reply === undefined) {
      const { to, detail, version, callsPerSecond } = frame;
      return detail === "pong" ? this.#options.wait?.answered(to, version, callsPerSecond) : undefined;
    }
    this.#replies.delete(frame.to);
    if (frame.outcome !== "OK") return reply.resolve(err(fromEdgeReason(frame.detail)));
    const id = frame.transactionId;
    if (reply.request !== null && reply.request.method !== "ACK") {
      this.#clients.add(id, reply.request);
      this.#announce(id);
    }
    reply.resolve(ok({ edge: this.#edge, id }));
  }

  /** A response came to a request asked for. */
  response(frame: SipEdgeFrame): void {
    const waiting = this.#fresh?.get(frame.transactionId);
    if (waiting !== undefined) return void waiting.push(frame);
    const transaction = this.#clients.find(frame.transactionId);
    if (transaction === undefined) return;
    const parsed = parseMessage(frame.text);
    if (!parsed.ok) return this.#unreadable(frame.transactionId, parsed.error.detail);
    const message = parsed.value;
    if (message.status >= 200) {
      this.#clients.finish(frame.transactionId, message.status, this.#options.clock.now());
    }
    // An edge that got no answer makes one up, of no bytes, and names the cause in the reason phrase.
    if (frame.bytes === 0) return transaction.events.onFailure(fromEdgeReason(message.reason));
    transaction.events.onResponse(message, peerOf(frame), cameAt(frame, this.#options.clock.now()));
  }

  /** The connection is gone: every reply and every transaction under way fails. */
  lose(failure: Failure): void {
    this.#lost = true;
    const replies = [...this.#replies.values()];
    this.#replies.clear();
    this.#fresh = null;
    for (const reply of replies) reply.resolve(err(failure));
    this.#clients.failAll(failure);
  }

  /** A response may stand in the same segment as the reply; it must not overtake the continuation of `ask`. */
  #announce(id: string): void {
    if (this.#fresh === null) {
      this.#fresh = new Map();
      setImmediate(() => this.#releaseFresh());
    }
    this.#fresh.set(id, []);
  }

  #releaseFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = null;
    for (const frames of fresh?.values() ?? []) for (const frame of frames) this.response(frame);
  }

  #unreadable(id: string, detail: string): void {
    this.#options.counters.unreadable(detail);
    const transaction = this.#clients.find(id);
    this.#clients.finish(id, 500, this.#options.clock.now());
    transaction?.events.onFailure(edgeSpokeNonsense(detail));
  }
}
