import {
  formatMessage,
  responseTo,
  startAnswer,
  startInviteServer,
  stepAnswer,
  stepInviteServer,
  type AnswerState,
  type AnswerStep,
  type InviteServerEffect,
  type InviteServerState,
  type InviteServerStep,
  type TimerName,
  type TransactionSettings,
} from "@tandem/sip";
import type { Received } from "../messages/received-message.ts";
import { isReliable } from "../transport/transports.ts";
import type { TransactionContext } from "./context.ts";
import { ServerTx, type ServerTxParts } from "./server-transaction.ts";

/** An INVITE received: RFC 3261 §17.2.1 with RFC 6026, and its 2xx until the ACK (§13.3.1.4). */
export class InviteServerTx extends ServerTx {
  private readonly settings: TransactionSettings;
  private state: InviteServerState = { name: "proceeding", provisional: false };
  private answer: AnswerState | undefined = undefined;
  private ack: Received | undefined = undefined;
  private responding = 0;

  constructor(context: TransactionContext, parts: ServerTxParts) {
    super(context, parts);
    const { reliable, unreliable } = context.settings;
    this.settings = isReliable(parts.request.source.transport) ? reliable : unreliable;
    context.counters.transactions["invite-server"]++;
  }

  override get ongoing(): boolean {
    return !this.answered || this.answer !== undefined;
  }

  start(): void {
    this.take(startInviteServer(this.settings));
  }

  onRetransmission(): void {
    this.take(stepInviteServer(this.state, { type: "request" }, this.settings));
  }

  /**
   * An ACK with the key of this INVITE (then to a non-2xx), or with its Call-ID, CSeq and From tag. False: not ours, because its To tag
   * is another's.
   */
  onAck(ack: Received, toTag: string | undefined): boolean {
    if (this.state.name === "accepted" && toTag !== this.localTag) return false;
    const repeated = this.state.name === "confirmed" || this.answer?.name === "acknowledged";
    if (repeated) this.context.counters.retransmissionsReceived++;
    this.ack = ack;
    this.take(stepInviteServer(this.state, { type: "ack" }, this.settings));
    this.ack = undefined;
    return true;
  }

  override acknowledged(): void {
    this.takeAnswer({ type: "ack" });
  }

  /** RFC 3261 §9.2: a CANCEL has an effect only until the final response. False: it came too late. */
  cancel(): boolean {
    if (this.answered || this.ended) return false;
    this.respondByItself(487);
    return true;
  }

  onTimer(name: TimerName): void {
    this.timers.fired(name);
    if (name === "ANSWER" || name === "ACK") return this.takeAnswer({ type: "timer", timer: name });
    // L and ACK are due at the same time; the user must hear of the missing ACK before the transaction is gone.
    if (name === "L") this.takeAnswer({ type: "timer", timer: "ACK" });
    this.take(stepInviteServer(this.state, { type: "timer", timer: name }, this.settings));
  }

  protected give(status: number): void {
    this.responding = status;
    this.take(stepInviteServer(this.state, { type: "respond", status }, this.settings));
    this.responding = 0;
    if (this.state.name === "accepted" && this.answer === undefined) this.takeStep(startAnswer(this.context.timers));
  }

  protected giveTransportError(): void {
    this.take(stepInviteServer(this.state, { type: "transport-error" }, this.settings));
  }

  override end(): void {
    if (!this.ended) this.context.counters.transactions["invite-server"]--;
    super.end();
  }

  private take(step: InviteServerStep): void {
    this.state = step.state;
    for (const effect of step.effects) this.perform(effect);
    if (this.state.name === "confirmed") this.settle();
    if (this.state.name === "terminated") this.end();
  }

  private perform(effect: InviteServerEffect): void {
    switch (effect.type) {
      case "pass-up":
        if (this.received !== null) this.deliver?.(this, this.received);
        return;
      case "send-trying":
        return this.sendTrying();
      case "send-response":
        return this.responding > 0 ? this.send(this.responding) : this.resend();
      case "pass-ack":
        return this.takeAnswer({ type: "ack" });
      case "fail":
        // `timeout`: no ACK to a non-2xx came, which changes nothing for the user.
        if (effect.reason === "transport") this.reportLost();
        return;
      case "start-timer":
        return this.timers.start(effect.timer, effect.ms);
      case "stop-timer":
        return this.timers.stop(effect.timer);
    }
  }

  private sendTrying(): void {
    if (this.received === null) return;
    this.lastText = formatMessage(responseTo(this.received.message, 100, { headers: this.context.serverHeaders }));
    this.send(100);
  }

  private takeAnswer(input: Parameters<typeof stepAnswer>[1]): void {
    if (this.answer !== undefined) this.takeStep(stepAnswer(this.answer, input, this.context.timers));
  }

  private takeStep(step: AnswerStep): void {
    this.answer = step.state;
    for (const effect of step.effects) {
      if (effect.type === "send-answer") this.resend();
      else if (effect.type === "start-timer") this.timers.start(effect.timer, effect.ms);
      else if (effect.type === "stop-timer") this.timers.stop(effect.timer);
      else this.answered2xx(effect.type);
    }
  }

  private answered2xx(outcome: "pass-ack" | "ack-timeout"): void {
    this.settle();
    const sent = outcome === "ack-timeout" ? this.sent() : undefined;
    // The 2xx is not sent again.
    this.lastText = "";
    if (this.ack !== undefined) this.context.events.onAck(this.ack, this);
    if (sent === undefined) return;
    this.context.counters.ackTimeouts++;
    this.context.events.onAckTimeout(this, sent);
  }
}
