import { readTag, type SipMessage } from "@tandem/sip";
import type { Call, CallEvent, Effect } from "../../../src/index.ts";

export type Sent = Extract<Effect, { kind: "send" }>;

/** What the ACK of a 2xx has in common with it. */
export function answerKey(message: SipMessage): string {
  return `${message.get("Call-ID")} ${message.get("CSeq")?.split(" ")[0]} ${readTag(message.get("To") ?? "")}`;
}

/** What the edge knows of one call, and keeps when a worker dies. */
export class WalkEdge {
  /** Requests sent and not finally answered, by exchange. */
  readonly sent = new Map<string, Sent>();
  /** 2xx that nobody acknowledged, by `answerKey`. */
  readonly unacknowledged = new Map<string, SipMessage>();
  /** Requests of peers as they would be offered again, by transaction. */
  readonly offers = new Map<string, CallEvent>();
  /** INVITEs that are held for whoever sends them again, by branch, with the last response that came for them. */
  private readonly held = new Map<string, { readonly sent: Sent; readonly last: SipMessage | null }>();
  /** Responses that wait for the next event: told again to whoever took a held INVITE over. */
  private readonly replays: { readonly exchange: string; readonly response: SipMessage }[] = [];
  private readonly lastResponses = new Map<string, SipMessage>();

  /** A peer's request comes in. */
  noteOffer(event: CallEvent): void {
    if (event.kind === "invite" || event.kind === "redelivered" || event.kind === "replacing-invite") {
      this.offers.set(event.transaction, event);
    } else if (event.kind === "request" && event.request.method !== "ACK") this.offers.set(event.transaction, event);
  }

  /** A peer's response to a request that was sent comes in. */
  noteResponse({ exchange, request }: Sent, response: SipMessage): void {
    if (response.status >= 200) this.sent.delete(exchange);
    if (request.method === "INVITE" && response.status > 100) this.lastResponses.set(exchange, response);
  }

  /** A request goes out that went out before. An INVITE that is held goes on, and what came for it is told again. */
  sendAgain(effect: Sent): void {
    const { branch, exchange } = effect;
    this.sent.set(exchange, effect);
    if (branch === undefined) return;
    const last = this.held.get(branch)?.last ?? null;
    this.held.delete(branch);
    if (last === null) return;
    if (last.status >= 200) this.sent.delete(exchange);
    this.replays.push({ exchange, response: last });
  }

  /** The next response to be told again, once. */
  takeReplay(): { readonly exchange: string; readonly response: SipMessage } | null {
    return this.replays.shift() ?? null;
  }

  /** Holds what the worker had sent to the called side, with what came for it. */
  hold(): void {
    for (const sent of this.sent.values()) {
      if (sent.branch === undefined || sent.request.method !== "INVITE") continue;
      this.held.set(sent.branch, { sent, last: this.lastResponses.get(sent.exchange) ?? null });
    }
    for (const { sent } of this.held.values()) this.sent.delete(sent.exchange);
  }

  /** The worker died: its INVITEs are held, what else it had sent is lost. */
  loseWorker(): void {
    this.replays.length = 0;
    this.hold();
    this.sent.clear();
  }

  /** The transaction died with its worker: what that had sent on for it is cancelled. */
  cancelRelayed(call: Call, transaction: string): void {
    const relayed = call.exchanges.find(
      ({ purpose }) => purpose.kind === "relay" && purpose.origin.transaction === transaction,
    );
    if (relayed !== undefined) this.sent.delete(relayed.id);
  }

  /** What the machine gives up at a deadline was lost with its worker: no answer will come. */
  forgetGivenUp(before: Call, after: Call): void {
    const kept = new Set(after.exchanges.map(({ id }) => id));
    for (const { id } of before.exchanges) if (!kept.has(id)) this.sent.delete(id);
  }
}
