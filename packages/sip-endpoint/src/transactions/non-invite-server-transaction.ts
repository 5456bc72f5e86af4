import {
  startNonInviteServer,
  stepNonInviteServer,
  type NonInviteServerEffect,
  type NonInviteServerState,
  type NonInviteServerStep,
  type TimerName,
  type TransactionSettings,
} from "@tandem/sip";
import { isReliable } from "../transport/transports.ts";
import type { TransactionContext } from "./context.ts";
import { ServerTx, type ServerTxParts } from "./server-transaction.ts";

/** A request other than INVITE and ACK received: RFC 3261 §17.2.2. */
export class NonInviteServerTx extends ServerTx {
  private readonly settings: TransactionSettings;
  private state: NonInviteServerState = { name: "trying" };
  private responding = 0;

  constructor(context: TransactionContext, parts: ServerTxParts) {
    super(context, parts);
    const { reliable, unreliable } = context.settings;
    this.settings = isReliable(parts.request.source.transport) ? reliable : unreliable;
    context.counters.transactions["non-invite-server"]++;
  }

  start(): void {
    this.take(startNonInviteServer(this.settings));
  }

  onRetransmission(): void {
    this.take(stepNonInviteServer(this.state, { type: "request" }, this.settings));
  }

  onTimer(name: TimerName): void {
    this.timers.fired(name);
    this.take(stepNonInviteServer(this.state, { type: "timer", timer: name }, this.settings));
  }

  protected give(status: number): void {
    this.responding = status;
    this.take(stepNonInviteServer(this.state, { type: "respond", status }, this.settings));
    this.responding = 0;
  }

  protected giveTransportError(): void {
    this.take(stepNonInviteServer(this.state, { type: "transport-error" }, this.settings));
  }

  override end(): void {
    if (!this.ended) this.context.counters.transactions["non-invite-server"]--;
    super.end();
  }

  private take(step: NonInviteServerStep): void {
    this.state = step.state;
    for (const effect of step.effects) this.perform(effect);
    if (this.state.name === "completed") this.settle();
    if (this.state.name === "terminated") this.end();
  }

  private perform(effect: NonInviteServerEffect): void {
    switch (effect.type) {
      case "pass-up":
        if (this.received !== null) this.deliver?.(this, this.received);
        return;
      case "send-response":
        return this.responding > 0 ? this.send(this.responding) : this.resend();
      case "fail":
        if (effect.reason === "transport") this.reportLost();
        return;
      case "start-timer":
        return this.timers.start(effect.timer, effect.ms);
      case "stop-timer":
        return this.timers.stop(effect.timer);
    }
  }
}
