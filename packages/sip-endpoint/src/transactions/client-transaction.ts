import {
  clientTransactionKey,
  startInviteClient,
  startNonInviteClient,
  stepInviteClient,
  stepNonInviteClient,
  type InviteClientEffect,
  type InviteClientInput,
  type InviteClientState,
  type NonInviteClientInput,
  type NonInviteClientState,
  type Step,
  type TimerName,
  type TransactionSettings,
} from "@tandem/sip";
import type { Received } from "../messages/received-message.ts";
import { ackText, type SentInvite } from "../messages/own-requests.ts";
import type { TimerOwner } from "../timers/timer-wheel.ts";
import type { Outlet, OutletUser } from "../transport/outlet.ts";
import type { Loss } from "../transport/stream-connection.ts";
import { isReliable } from "../transport/transports.ts";
import type { NoResponse } from "./client-failures.ts";
import type { TransactionContext } from "./context.ts";
import { TransactionTimers } from "./transaction-timers.ts";

/** Who waits for the responses. */
export interface ClientTxUser {
  onResponse(transaction: ClientTx, response: Received): void;
  /** Nothing (more) will come. */
  onFailed(transaction: ClientTx, reason: NoResponse): void;
  /** The transaction is forgotten. */
  onEnded(transaction: ClientTx): void;
}

export interface ClientTxParts {
  readonly method: string;
  readonly branch: string;
  readonly text: string;
  readonly user: ClientTxUser;
  /** The request carries the Via lines of elements before us (RFC 3261 §16.6 step 8). */
  readonly forwarded: boolean;
  /** Timers B and F; default 64*T1. */
  readonly timeoutMs: number | undefined;
  /** Makes the way out; called once. */
  readonly open: (user: OutletUser) => Outlet;
  /** Takes the transaction out of the table. */
  readonly ended: (transaction: ClientTx) => void;
}

/** What both kinds of client transaction have in common: the way out, the request as sent, timers, the end. */
export abstract class ClientTx implements TimerOwner<TimerName>, OutletUser {
  readonly method: string;
  readonly key: string;
  /** Responses carry further Via lines below ours. */
  readonly forwarded: boolean;
  readonly outlet: Outlet;
  protected readonly context: TransactionContext;
  protected readonly timers: TransactionTimers;
  protected readonly settings: TransactionSettings;
  protected readonly user: ClientTxUser;
  protected response: Received | undefined = undefined;
  private text: string;
  private sentOnce = false;
  private ended = false;
  private loss: Loss = "transport";
  private readonly endedHook: (transaction: ClientTx) => void;

  constructor(context: TransactionContext, parts: ClientTxParts) {
    this.context = context;
    this.method = parts.method;
    this.key = clientTransactionKey(parts.branch, parts.method);
    this.forwarded = parts.forwarded;
    this.text = parts.text;
    this.user = parts.user;
    this.endedHook = parts.ended;
    this.timers = new TransactionTimers(context.wheel, this);
    this.outlet = parts.open(this);
    const { reliable, unreliable } = context.settings;
    const settings = isReliable(this.outlet.transport) ? reliable : unreliable;
    this.settings = parts.timeoutMs === undefined ? settings : { ...settings, timeoutMs: parts.timeoutMs };
  }

  /** Sends the request. */
  abstract start(): void;

  /** A response with this transaction's key. */
  onResponse(response: Received): void {
    this.response = response;
    this.give({ type: "response", status: response.message.status });
    this.response = undefined;
  }

  onTimer(name: TimerName): void {
    this.timers.fired(name);
    this.give({ type: "timer", timer: name });
  }

  onTransportError(loss: Loss): void {
    this.loss = loss;
    this.give({ type: "transport-error" });
  }

  /** Another request has the same branch: its transaction gets the answers from now on. */
  supersede(): void {
    this.user.onFailed(this, "superseded");
    this.end();
  }

  /** Forgets the transaction at once. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timers.stopAll();
    this.outlet.release();
    this.endedHook(this);
    this.user.onEnded(this);
  }

  /** Both machines take the same inputs. */
  protected abstract give(input: InviteClientInput & NonInviteClientInput): void;

  /** What every effect but `send-ack` means. */
  protected perform(effect: Exclude<InviteClientEffect, { readonly type: "send-ack" }>): void {
    switch (effect.type) {
      case "send-request":
        return this.send();
      case "pass-up":
        if (this.response !== undefined) this.user.onResponse(this, this.response);
        return;
      case "fail":
        return this.user.onFailed(this, effect.reason === "transport" ? this.loss : effect.reason);
      case "start-timer":
        return this.timers.start(effect.timer, effect.ms);
      case "stop-timer":
        return this.timers.stop(effect.timer);
    }
  }

  /** Final: the request will not be sent again. */
  protected forgetText(): void {
    this.text = "";
  }

  private send(): void {
    if (this.sentOnce) this.context.counters.retransmissionsSent++;
    else this.context.counters.message("out", this.outlet.transport, this.method, 0);
    this.sentOnce = true;
    this.outlet.send(this.text);
  }
}

/** An INVITE sent to one address: RFC 3261 §17.1.1 with RFC 6026. */
export class InviteClientTx extends ClientTx {
  private state: InviteClientState = { name: "proceeding" };
  private invite: SentInvite | undefined;
  private ack: string | undefined = undefined;

  constructor(context: TransactionContext, parts: ClientTxParts, invite: SentInvite) {
    super(context, parts);
    this.invite = invite;
  }

  start(): void {
    this.take(startInviteClient(this.settings));
  }

  override end(): void {
    if (this.state.name !== "terminated") this.state = { name: "terminated" };
    super.end();
  }

  protected give(input: InviteClientInput): void {
    this.take(stepInviteClient(this.state, input, this.settings));
  }

  private take(step: Step<InviteClientState, InviteClientEffect>): void {
    this.state = step.state;
    if (step.state.name !== "calling") this.forgetText();
    // The user makes the ACK to a 2xx.
    if (step.state.name === "accepted") this.invite = undefined;
    for (const effect of step.effects) {
      if (effect.type === "send-ack") this.sendAck();
      else this.perform(effect);
    }
    if (this.state.name === "terminated") this.end();
  }

  /** §17.1.1.3. The INVITE is forgotten with the first ACK; repetitions need only its text. */
  private sendAck(): void {
    if (this.ack !== undefined) {
      this.context.counters.retransmissionsReceived++;
      this.context.counters.retransmissionsSent++;
    } else if (this.invite !== undefined && this.response !== undefined) {
      this.ack = ackText(this.invite, this.response.message);
      this.context.counters.message("out", this.outlet.transport, "ACK", 0);
    }
    this.invite = undefined;
    if (this.ack !== undefined) this.outlet.send(this.ack);
  }
}

/** Any other request sent to one address: RFC 3261 §17.1.2. */
export class NonInviteClientTx extends ClientTx {
  private state: NonInviteClientState = { name: "proceeding" };

  start(): void {
    this.take(startNonInviteClient(this.settings));
  }

  override onResponse(response: Received): void {
    if (this.state.name === "completed") this.context.counters.retransmissionsReceived++;
    super.onResponse(response);
  }

  override end(): void {
    if (this.state.name !== "terminated") this.state = { name: "terminated" };
    super.end();
  }

  protected give(input: NonInviteClientInput): void {
    this.take(stepNonInviteClient(this.state, input, this.settings));
  }

  private take(step: ReturnType<typeof stepNonInviteClient>): void {
    this.state = step.state;
    if (step.state.name === "completed") this.forgetText();
    for (const effect of step.effects) this.perform(effect);
    if (this.state.name === "terminated") this.end();
  }
}
