import type { ClientEvents, ClientTransaction, Clock, OutgoingRequest, SipPort } from "@tandem/call-control";
import type { Failure, Result } from "@tandem/domain";
import type { AwaitedEdges } from "./awaited-edges.ts";

export interface LastingByeParts {
  /** By an edge that is connected, or comes in time. */
  readonly send: SipPort["sendRequest"];
  /** An edge of the pool is connected. */
  readonly isReached: (pool: string) => boolean;
  readonly awaited: AwaitedEdges;
  readonly clock: Clock;
  /** Nothing is sent again any more. */
  readonly isClosed: () => boolean;
  /** It is answered, or will not be. */
  readonly onOver: () => void;
}

/** 64*T1: as long as its own edge would have sent it again (timer F, RFC 3261 §17.1.2.2). */
const BYE_LIFE_MS = 32_000;
/** T1: from the second time on it goes no more often. */
const PAUSE_MS = 500;

/**
 * A BYE is not over with its edge, or the other side would hold a call that nobody has: another edge sends it again, the same but for its Via, until it is answered or its time is over. A peer
 * that had it before says 481, which ends the dialog as well (RFC 3261 §15.1.1).
 */
export class LastingBye implements ClientEvents {
  readonly #request: OutgoingRequest;
  readonly #events: ClientEvents;
  readonly #parts: LastingByeParts;
  readonly #untilMs: number;
  #failures = 0;

  constructor(request: OutgoingRequest, events: ClientEvents, parts: LastingByeParts) {
    this.#request = request;
    this.#events = events;
    this.#parts = parts;
    this.#untilMs = parts.clock.now() + BYE_LIFE_MS;
  }

  /** The result names its transaction at the first edge that took it. */
  async send(): Promise<Result<ClientTransaction, Failure>> {
    for (;;) {
      const sent = await this.#parts.send(this.#request, this);
      if (!sent.ok && this.#mayGoAgain(sent.error)) {
        await this.#anotherEdge();
        continue;
      }
      if (!sent.ok) this.#parts.onOver();
      return sent;
    }
  }

  onResponse(...told: Parameters<ClientEvents["onResponse"]>): void {
    const [response] = told;
    if (response.status >= 200) this.#parts.onOver();
    this.#events.onResponse(...told);
  }

  onFailure(failure: Failure): void {
    if (this.#mayGoAgain(failure)) return void this.#sendAgain();
    this.#parts.onOver();
    this.#events.onFailure(failure);
  }

  async #sendAgain(): Promise<void> {
    await this.#anotherEdge();
    const sent = await this.send();
    if (!sent.ok) this.#events.onFailure(sent.error);
  }

  #mayGoAgain({ code }: Failure): boolean {
    const { clock, isClosed } = this.#parts;
    const isOfEdge = code === "edge-lost" || code === "edge-unavailable";
    return isOfEdge && !isClosed() && clock.now() < this.#untilMs;
  }

  async #anotherEdge(): Promise<void> {
    const { awaited, clock, isReached } = this.#parts;
    const leftMs = this.#untilMs - clock.now();
    this.#failures += 1;
    if (!isReached(this.#request.pool)) await awaited.next(this.#request.pool, leftMs);
    else if (this.#failures > 1) await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve));
  }
}
