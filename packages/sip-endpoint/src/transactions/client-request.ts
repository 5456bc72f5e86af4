import {
  formatMessage,
  NOT_CANCELLED,
  readTag,
  stepCancellation,
  type CancellationInput,
  type CancellationState,
  type HeaderLine,
  type TimerName,
} from "@tandem/sip";
import type {
  ClientFailure,
  ClientTransaction,
  ClientTransactionEvents,
  OutgoingRequest,
  SendFailure,
} from "../endpoint.ts";
import { detached } from "../messages/detached.ts";
import { cancelText } from "../messages/own-requests.ts";
import type { Received } from "../messages/received-message.ts";
import { sentMessage } from "../messages/sent-message.ts";
import { ownVia, withOwnVia } from "../messages/via-lines.ts";
import type { Target } from "../next-hop/target.ts";
import type { TimerOwner } from "../timers/timer-wheel.ts";
import type { OutletUser } from "../transport/outlet.ts";
import type { LocalPort } from "../transport/transports.ts";
import type { AnswerBook } from "./answer-book.ts";
import { CANCELLED, NO_RESPONSE, NOT_CANCELLABLE, type NoResponse } from "./client-failures.ts";
import { InviteClientTx, NonInviteClientTx, type ClientTx, type ClientTxUser } from "./client-transaction.ts";
import type { TransactionContext } from "./context.ts";
import type { AddressQueue } from "./address-queue.ts";
import type { SilentAddresses } from "./silent-addresses.ts";
import { TransactionTimers } from "./transaction-timers.ts";

/** What a request needs of the layer it lives in. */
export interface ClientRequestHost {
  readonly context: TransactionContext;
  /** Responses with the transaction's key go to it from now on. */
  add(transaction: ClientTx): void;
  /** Bound, so that a transaction can keep it without keeping the place it was made in. */
  readonly remove: (transaction: ClientTx) => void;
  /** Where to try, in order; or why nowhere. */
  locate(request: OutgoingRequest): Promise<AddressQueue | SendFailure> | AddressQueue | SendFailure;
  /** Which addresses answered nothing lately. */
  readonly silent: SilentAddresses;
  /** The 2xxs to an INVITE and their ACKs. */
  answersTo(request: OutgoingRequest): AnswerBook;
  forgetAnswers(book: AnswerBook): void;
  /** The request has its outcome. */
  settled(request: ClientRequest): void;
}

/** A request that is given up earlier says nothing of the address it went to. */
const SILENT_AFTER_MS = 1_000;

interface Attempt {
  /** Monotonic. */
  readonly sentMs: number;
  readonly transaction: ClientTx;
  /** Until the outcome is known. */
  via: string;
  readonly branch: string;
  readonly port: LocalPort;
  readonly target: Target;
}

/** A request of the user on its way over one address after the other (RFC 3263 §4.3), and its CANCEL. */
export class ClientRequest implements ClientTransaction, ClientTxUser, TimerOwner<TimerName> {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  pending = true;
  private readonly host: ClientRequestHost;
  /** Until the outcome is known. */
  private request: OutgoingRequest | undefined;
  /** Once the outcome is known, only an answered INVITE still tells anything. */
  private events: ClientTransactionEvents;
  private readonly timers: TransactionTimers;
  private text = "";
  private queue: AddressQueue | undefined = undefined;
  private attempt: Attempt | undefined = undefined;
  private attempts = 0;
  /** Branch of the address whose 100 was passed up. */
  private triedBy = "";
  /** The address of the attempt under way answered something. */
  private heard = false;
  /** A provisional response other than 100 was passed up: no other address may ring as well. */
  private progressed = false;
  private cancellation: CancellationState = NOT_CANCELLED;
  private cancelHeaders: readonly HeaderLine[] | undefined = undefined;
  private answers: AnswerBook | undefined = undefined;

  constructor(host: ClientRequestHost, request: OutgoingRequest, events: ClientTransactionEvents) {
    this.host = host;
    this.request = request;
    this.events = events;
    this.id = host.context.ids.transaction();
    this.method = request.message.method;
    this.callId = detached(request.message.get("Call-ID") ?? "");
    this.timers = new TransactionTimers(host.context.wheel, this);
    host.context.pending.begin();
  }

  /** Looks for the next hop and sends. */
  begin(): void {
    if (this.cancelHeaders !== undefined) return this.fail(CANCELLED);
    if (this.request === undefined) return;
    this.text = formatMessage(this.request.message);
    const located = this.host.locate(this.request);
    if (located instanceof Promise) void located.then((found) => this.located(found));
    else this.located(located);
  }

  cancel(headers: readonly HeaderLine[] = []): SendFailure | null {
    if (!this.pending || this.method !== "INVITE") return NOT_CANCELLABLE;
    if (this.cancelHeaders !== undefined) return null;
    this.cancelHeaders = headers;
    const { attempt, host } = this;
    if (attempt !== undefined && !this.heard && host.context.clock.monotonic() - attempt.sentMs >= SILENT_AFTER_MS) {
      host.silent.note(attempt.target);
    }
    // While the next hop is looked for nothing was sent: `located` finds the request cancelled.
    if (this.attempt !== undefined) this.stepCancel({ type: "cancel" });
    return null;
  }

  onResponse(transaction: ClientTx, response: Received): void {
    if (this.attempt === undefined || transaction !== this.attempt.transaction) return;
    this.heard = true;
    this.host.silent.forget(this.attempt.target);
    const { status } = response.message;
    if (status < 200) return this.onProvisional(response);
    if (this.method === "INVITE" && status < 300) return this.onAnswer(response);
    const mayGoOn = status === 503 && !this.progressed && this.cancelHeaders === undefined;
    if (mayGoOn && this.tryNext("answered")) return;
    this.finish();
    this.tellLast((events) => events.onResponse(response));
  }

  onFailed(transaction: ClientTx, reason: NoResponse): void {
    if (!this.pending || transaction !== this.attempt?.transaction) return;
    if (reason !== "superseded" && !this.heard) this.host.silent.note(this.attempt.target);
    const mayGoOn = reason !== "superseded" && !this.progressed && this.cancelHeaders === undefined;
    if (mayGoOn && this.tryNext(reason)) return;
    this.fail(NO_RESPONSE[reason]);
  }

  onEnded(transaction: ClientTx): void {
    if (this.answers === undefined || transaction !== this.attempt?.transaction) return;
    this.host.forgetAnswers(this.answers);
    this.answers = undefined;
  }

  onTimer(name: TimerName): void {
    this.timers.fired(name);
    this.stepCancel({ type: "timer", timer: name });
  }

  private located(found: AddressQueue | SendFailure): void {
    if (this.cancelHeaders !== undefined) return this.fail(CANCELLED);
    if ("reason" in found) return this.fail(found);
    this.queue = found;
    if (!this.tryNext("first")) this.fail({ reason: "no-listener", detail: "no listener can reach the next hop" });
  }

  /** Sends to the next address. False: there is none left. */
  private tryNext(after: "first" | "answered" | NoResponse): boolean {
    const next = this.queue?.next(this.text.length, after === "transport");
    if (next === undefined) return false;
    if (after !== "first") this.host.context.counters.nextAddresses++;
    this.cancellation = NOT_CANCELLED;
    this.attempts++;
    this.send(next.port, next.target);
    return true;
  }

  private send(port: LocalPort, target: Target): void {
    if (this.request === undefined) return;
    const { context } = this.host;
    const branch = this.branch(this.request.branch);
    const via = ownVia(port.bound, port.transport, branch, this.request.sentBy);
    const text = withOwnVia(this.text, via);
    const { message, timeoutMs } = this.request;
    const parts = {
      method: this.method,
      branch,
      text,
      user: this,
      forwarded: message.has("Via"),
      timeoutMs,
      open: (user: OutletUser) => context.transports.outlet(port, target, user),
      ended: this.host.remove,
    };
    const invite = this.method === "INVITE" ? { message, via } : undefined;
    const transaction = invite ? new InviteClientTx(context, parts, invite) : new NonInviteClientTx(context, parts);
    this.attempt = { sentMs: context.clock.monotonic(), transaction, via, branch, port, target };
    this.heard = false;
    this.host.add(transaction);
    transaction.start();
    this.events.onSent?.(sentMessage(text, transaction.outlet, context.clock.now()), this.attempts);
  }

  /** Every address has a branch of its own (RFC 3263 §4.3). */
  private branch(given: string | undefined): string {
    if (given === undefined) return this.host.context.ids.branch();
    return this.attempts === 1 ? given : `${given}.${this.attempts}`;
  }

  private onProvisional(response: Received): void {
    if (!this.pending) return;
    if (this.method === "INVITE") this.stepCancel({ type: "provisional" });
    if (response.message.status === 100) return this.onTrying(response);
    this.progressed = true;
    this.events.onResponse(response);
  }

  private onTrying(response: Received): void {
    if (this.progressed || this.attempt === undefined || this.triedBy === this.attempt.branch) return;
    this.triedBy = this.attempt.branch;
    this.events.onTrying?.(response);
  }

  /** A 2xx to INVITE: once per To tag to the user, and the ACK again for each that is repeated (RFC 3261 §13.2.2.4). */
  private onAnswer(response: Received): void {
    if (this.request !== undefined) this.answers ??= this.host.answersTo(this.request);
    if (this.answers === undefined) return;
    const toTag = readTag(response.message.get("To") ?? "") ?? "";
    const known = this.answers.seen(toTag);
    if (known === "acknowledged") return;
    if (known === "unacknowledged") return this.events.onRepeatedAnswer?.(response);
    this.finish();
    this.events.onResponse(response);
  }

  private stepCancel(input: CancellationInput): void {
    const step = stepCancellation(this.cancellation, input, this.host.context.timers);
    this.cancellation = step.state;
    for (const effect of step.effects) {
      if (effect.type === "start-timer") this.timers.start(effect.timer, effect.ms);
      else if (effect.type === "stop-timer") this.timers.stop(effect.timer);
      else if (effect.type === "send-cancel") this.sendCancel();
      else this.giveUp();
    }
  }

  /** RFC 3261 §9.1: to the address of the INVITE, with its branch, in a transaction of its own whose outcome nobody needs. */
  private sendCancel(): void {
    if (this.attempt === undefined || this.request === undefined) return;
    const { context } = this.host;
    const { branch, port, target, via } = this.attempt;
    const transaction = new NonInviteClientTx(context, {
      method: "CANCEL",
      branch,
      text: cancelText({ message: this.request.message, via }, this.cancelHeaders ?? []),
      user: NOBODY,
      forwarded: false,
      timeoutMs: undefined,
      open: (user) => context.transports.outlet(port, target, user),
      ended: this.host.remove,
    });
    this.host.add(transaction);
    transaction.start();
  }

  private giveUp(): void {
    const transaction = this.attempt?.transaction;
    this.fail(NO_RESPONSE.timeout);
    transaction?.end();
  }

  /** No response will come. Does nothing once there was an outcome. */
  fail(failure: ClientFailure): void {
    if (!this.pending) return;
    const { counters } = this.host.context;
    if (failure.reason === "timeout") counters.timeouts++;
    else if (failure.reason === "transport") counters.transportFailures++;
    else if (failure.reason === "tls") counters.tlsFailures++;
    this.finish();
    this.tellLast((events) => events.onFailure(failure));
  }

  /** A transaction that lingers keeps nobody who has nothing more to hear. */
  private tellLast(tell: (events: ClientTransactionEvents) => void): void {
    const { events } = this;
    this.events = NOBODY_LISTENS;
    tell(events);
  }

  /** The outcome is known; a transaction that lingers keeps no message. */
  private finish(): void {
    if (!this.pending) return;
    this.pending = false;
    this.stepCancel({ type: "final" });
    this.text = "";
    this.queue = undefined;
    this.request = undefined;
    if (this.attempt !== undefined) this.attempt.via = "";
    this.host.context.pending.end();
    this.host.settled(this);
  }
}

const NOBODY_LISTENS: ClientTransactionEvents = { onResponse: () => undefined, onFailure: () => undefined };

/** Nobody waits for the response to a CANCEL. */
const NOBODY: ClientTxUser = {
  onResponse: () => undefined,
  onFailed: () => undefined,
  onEnded: () => undefined,
};
