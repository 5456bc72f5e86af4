import type { ClientEvents, Clock, PeerAddress } from "@tandem/call-control";
import type { Failure } from "@tandem/domain";
import { headerAddresses, type SipMessage } from "@tandem/sip";
import type { StockCalls } from "./stock-calls.ts";
import { stockFailure } from "./stock-failures.ts";
import { assumedTrying, fromServer } from "./stock-messages.ts";

interface Watched {
  readonly message: SipMessage;
  readonly events: ClientEvents;
  readonly calls: StockCalls;
  readonly timeoutMs: number | undefined;
  readonly clock: Clock;
}

/** The events of one request, fitted to the port's promises: a 100 first, a time limit of the request's own, the worker's words for failures. */
export class WatchedEvents implements ClientEvents {
  readonly #given: Watched;
  #isAnswered = false;
  #isOver = false;
  #cancelTimer: (() => void) | null = null;

  constructor(given: Watched) {
    this.#given = given;
    const { timeoutMs, clock } = given;
    if (timeoutMs === undefined) return;
    this.#cancelTimer = clock.after(timeoutMs, () =>
      this.onFailure({ code: "peer-timeout", detail: "no answer in time" }),
    );
  }

  /** The server has the INVITE: as good as a 100 from the peer, which it would not pass up. */
  trying(): void {
    const { message, events } = this.#given;
    const source = { address: "", port: 0, transport: "udp" } as const;
    if (!this.#isAnswered) events.onResponse(assumedTrying(message), source);
  }

  onResponse(response: SipMessage, source: PeerAddress): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    this.#stopTimer();
    this.#given.calls.answered(response);
    this.#given.events.onResponse(fromServer(response), source);
  }

  onFailure(failure: Failure): void {
    if (this.#isOver) return;
    this.over();
    this.#given.events.onFailure(stockFailure(failure));
  }

  /** Nothing more comes. */
  over(): void {
    this.#isOver = true;
    this.#isAnswered = true;
    this.#stopTimer();
    const { message, calls } = this.#given;
    const isInDialog =
      headerAddresses(message, "To")[0]?.params.some(([name]) => name.toLowerCase() === "tag") ?? false;
    if (message.method === "INVITE" && !isInDialog) calls.ended(message.get("Call-ID") ?? "");
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
