import { err, ok, readTag, responseTo, type SipMessage, type TimerName, type Via } from "@tandem/sip";
import type { SendFailure, SendResult, SentMessage, ServerTransaction } from "../endpoint.ts";
import { detached } from "../messages/detached.ts";
import type { Received } from "../messages/received-message.ts";
import { sentMessage } from "../messages/sent-message.ts";
import { responseText } from "../messages/via-lines.ts";
import type { TimerOwner } from "../timers/timer-wheel.ts";
import type { Arrival } from "../transport/arrival.ts";
import type { Outlet, OutletUser } from "../transport/outlet.ts";
import type { TransactionContext } from "./context.ts";
import { replyOutlet } from "./reply.ts";
import { TransactionTimers } from "./transaction-timers.ts";

/** Who answers the request: the endpoint's user, or the endpoint itself. */
export type Deliver = (transaction: ServerTx, request: Received) => void;

export interface ServerTxParts {
  readonly request: Received;
  readonly via: Via;
  readonly key: string;
  readonly callId: string;
  readonly deliver: Deliver;
  /** Takes the transaction out of the tables. */
  readonly ended: (transaction: ServerTx) => void;
}

const OVER: SendFailure = { reason: "transaction-over", detail: "a final response was sent already" };
const NOT_A_RESPONSE: SendFailure = { reason: "not-a-response", detail: "not a response with a status of 100 to 699" };
const NO_WAY_BACK: SendFailure = { reason: "no-listener", detail: "the listener of the request is gone" };

/** What both kinds of server transaction have in common: the way back, the last response, timers, the end. */
export abstract class ServerTx implements ServerTransaction, TimerOwner<TimerName>, OutletUser {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  readonly key: string;
  /** When the request came (epoch ms). */
  readonly atMs: number;
  /** Its own edge was lost: its sender may know it. */
  isAdopted = false;
  /** To tag of our responses, once one had it. */
  localTag: string | undefined = undefined;
  protected readonly context: TransactionContext;
  protected readonly timers: TransactionTimers;
  protected deliver: Deliver | undefined;
  protected received: Received | null;
  protected lastText = "";
  protected ended = false;
  private readonly connection: Arrival["connection"];
  private readonly outlet: Outlet | undefined;
  private readonly endedHook: (transaction: ServerTx) => void;
  private vias: readonly string[];
  private lost = false;
  private settled = false;

  constructor(context: TransactionContext, parts: ServerTxParts) {
    const { request } = parts;
    this.context = context;
    this.id = context.ids.transaction();
    this.atMs = request.atMs;
    this.connection = request.source.connection;
    this.method = request.message.method;
    this.callId = detached(parts.callId);
    this.key = parts.key;
    this.deliver = parts.deliver;
    this.received = request;
    this.vias = request.message.getAll("Via");
    this.timers = new TransactionTimers(context.wheel, this);
    this.outlet = replyOutlet(context.transports, request.source, parts.via, this);
    this.endedHook = parts.ended;
    context.pending.begin();
  }

  get request(): Received | null {
    return this.received;
  }

  get answered(): boolean {
    return this.received === null;
  }

  /** The request is being served: another copy of it is one too many (RFC 3261 §8.2.2.2). */
  get ongoing(): boolean {
    return !this.answered;
  }

  /** As far as can be told, its sender waits where it came from. */
  get isReachable(): boolean {
    return !this.isAdopted && this.connection?.usable !== false;
  }

  /** Sends a response of the user. */
  respond(response: SipMessage): SendResult {
    if (this.answered || this.ended) return err(OVER);
    const { status } = response;
    if (response.kind !== "response" || status < 100 || status > 699) return err(NOT_A_RESPONSE);
    if (this.outlet === undefined) return err(NO_WAY_BACK);
    this.lastText = responseText(response, this.vias);
    // RFC 3261 §8.2.6.2: every response of a dialog has the same tag.
    if (status > 100) this.noteTag(readTag(response.get("To") ?? ""));
    if (status >= 200) this.forgetRequest();
    this.give(status);
    return ok(sentMessage(this.lastText, this.outlet, this.context.clock.now()));
  }

  /** Sends a response made by the endpoint. */
  respondByItself(status: number, reason?: string, headers: readonly (readonly [string, string])[] = []): void {
    const request = this.received?.message;
    if (request === undefined) return;
    this.localTag ??= this.context.ids.tag();
    const all = [...this.context.serverHeaders, ...headers];
    const options = { toTag: this.localTag, headers: all, ...(reason === undefined ? {} : { reason }) };
    this.respond(responseTo(request, status, options));
  }

  /** Only an INVITE has an ACK. */
  acknowledged(): void {}

  onTransportError(): void {
    if (this.ended) return;
    this.context.counters.transportFailures++;
    this.giveTransportError();
  }

  /** Begins: tells whoever answers. */
  abstract start(): void;

  /** The request came again. */
  abstract onRetransmission(): void;

  abstract onTimer(name: TimerName): void;

  /** A response is ready in `lastText`. */
  protected abstract give(status: number): void;

  protected abstract giveTransportError(): void;

  protected send(status: number): void {
    if (this.outlet === undefined) return;
    this.context.counters.message("out", this.outlet.transport, this.method, status);
    this.outlet.send(this.lastText);
  }

  protected resend(): void {
    this.context.counters.retransmissionsSent++;
    this.outlet?.send(this.lastText);
  }

  protected sent(): SentMessage | undefined {
    return this.outlet && sentMessage(this.lastText, this.outlet, this.context.clock.now());
  }

  /** The user learns once that its response did not get through. */
  protected reportLost(): void {
    if (this.lost) return;
    this.lost = true;
    this.context.events.onResponseLost(this);
  }

  /** A graceful stop need not wait for this transaction any more. */
  protected settle(): void {
    if (this.settled) return;
    this.settled = true;
    this.context.pending.end();
  }

  /** Forgets the transaction at once. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timers.stopAll();
    this.outlet?.release();
    this.forgetRequest();
    this.settle();
    this.endedHook(this);
  }

  private noteTag(tag: string | undefined): void {
    if (tag !== undefined && tag !== this.localTag) this.localTag = detached(tag);
  }

  /** A transaction that lingers for 32 s keeps no request. */
  private forgetRequest(): void {
    this.received = null;
    this.vias = [];
    this.deliver = undefined;
  }
}
