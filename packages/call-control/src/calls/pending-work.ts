import type { CallEvent, ExchangeId, Failure, PartyId, Result } from "@tandem/domain";
import type { ClientTransaction, Clock } from "../ports/index.ts";
import { OpenRequests } from "./open-requests.ts";
import { unattended, type BesideCall } from "./unattended.ts";

/** Where a request left, as the edge says. */
export type Receipt = Promise<Result<ClientTransaction, Failure>>;

/** What one call waits for in this process. While anything is pending, the call's actor stays in memory. */
export class PendingWork {
  /** Requests of ours without a final response. The promise is the edge's receipt. */
  readonly exchanges = new Map<ExchangeId, Receipt>();
  /** The edges that sent them, once known. */
  readonly edges = new Map<ExchangeId, string>();
  /** How often the INVITE of the attempt under way had been sent again (`moves`) when this process sent it last. */
  sending: { readonly party: PartyId; readonly moves: number } | null = null;
  readonly requests = new OpenRequests();
  readonly #timers = new Map<string, () => void>();
  readonly #clock: Clock;
  /** When the transfer whose way is being found out was asked for (epoch ms); null: none is. */
  routing: number | null = null;
  readonly #beside: BesideCall;
  /** Answers of other ports that will come as events. */
  #replies = 0;
  #order: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, beside: BesideCall) {
    this.#clock = clock;
    this.#beside = beside;
  }

  /** Edges that got a 2xx to an INVITE, by its Call-ID and CSeq number. */
  readonly answeredBy = new Map<string, string>();

  /** True when no timer, response or reply will bring another event. */
  get quiet(): boolean {
    return this.#timers.size === 0 && this.exchanges.size === 0 && this.#replies === 0;
  }

  /** Of a sending that this process has itself replaced since, with what waited for it. */
  isOfEarlierSending(event: CallEvent): boolean {
    if (event.kind !== "timer" && event.kind !== "no-response") return false;
    const { sending } = this;
    if (sending === null || event.sending === undefined || event.sending >= sending.moves) return false;
    return event.kind === "timer"
      ? event.timer.endsWith(`:${sending.party}`)
      : event.exchange.startsWith(`${sending.party}-`);
  }

  startTimer(timer: string, afterMs: number, fire: () => void): void {
    this.#timers.get(timer)?.();
    const cancel = this.#clock.after(afterMs, () => {
      this.#timers.delete(timer);
      fire();
    });
    this.#timers.set(timer, cancel);
  }

  stopTimer(timer: string): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  stopTimers(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** One after another: what a relay has a word in leaves in the order it was made. */
  inOrder<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#order.then(make);
    this.#order = made.catch(() => undefined);
    return made;
  }

  /** Counts a reply that is on its way until it has been used. It does come: who expects it says what a bug leaves of it (`withFallback`). */
  expect<T>(reply: Promise<T>, use: (value: T) => void): void {
    this.#replies += 1;
    // In one go: between the count and the use the call would seem to wait for nothing.
    const used = reply.then((value) => {
      this.#replies -= 1;
      use(value);
    });
    unattended(used, this.#beside);
  }
}
