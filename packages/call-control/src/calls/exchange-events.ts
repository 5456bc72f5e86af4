import type { Call, CallEvent, ExchangeId, Failure } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { ClientEvents, PeerAddress } from "../ports/index.ts";
import type { CallShell } from "./call-shell.ts";
import type { PendingWork, Receipt } from "./pending-work.ts";

/** What an ACK and the 2xx it acknowledges have in common. */
export function answerKey(message: SipMessage): string {
  return `${message.get("Call-ID") ?? ""} ${(message.get("CSeq") ?? "").split(" ", 1)[0] ?? ""}`;
}

/**
 * Brings the answers to one request back to its call. Kept for as long as a further 2xx may come (32 s after the first, RFC 3261 §13.2.2.4), so it
 * holds names and not the call.
 */
export class ExchangeEvents implements ClientEvents {
  readonly #callId: string;
  readonly #exchange: ExchangeId;
  readonly #shell: CallShell;
  /** Of an attempt's INVITE: how often it had been sent again when this process sent it. */
  readonly #sending: number | undefined;
  /** Where the request left, once known. */
  #edge: string | null = null;
  /** The edge's receipt for the request: when this process sends it again, there is another one. */
  receipt: Receipt | null = null;
  #work: PendingWork | null;

  constructor(call: Call, exchange: ExchangeId, parts: { readonly work: PendingWork; readonly shell: CallShell }) {
    const { id, hunt } = call;
    this.#callId = id;
    this.#exchange = exchange;
    this.#sending = hunt?.current?.exchange === exchange ? hunt.current.moves : undefined;
    this.#work = parts.work;
    this.#shell = parts.shell;
  }

  /** The request left by this edge. */
  leftBy(edge: string): void {
    this.#edge = edge;
    if (this.#isLast()) this.#work?.edges.set(this.#exchange, edge);
  }

  onResponse(response: SipMessage, source: PeerAddress, atMs?: number): void {
    if (this.#edge !== null && response.method === "INVITE" && isAnswer(response)) {
      this.#work?.answeredBy.set(answerKey(response), this.#edge);
    }
    if (response.status >= 200) this.#over();
    const cameMs = atMs ?? this.#shell.ports.clock.now();
    const event = { kind: "response", exchange: this.#exchange, response, source, cameMs, ...this.#by() } as const;
    this.#shell.post(this.#callId, { event });
  }

  onFailure({ code: failure }: Failure): void {
    // It was this process itself that sent it again: what becomes of that counts.
    if (this.#isReplaced() || (failure === "superseded" && !this.#isLast())) return;
    this.#over();
    this.#shell.post(this.#callId, {
      event: {
        kind: "no-response",
        exchange: this.#exchange,
        failure,
        ...this.#by(),
        ...(this.#sending === undefined ? {} : { sending: this.#sending }),
      },
    });
  }

  #by(): { readonly edge?: string } {
    return this.#edge === null ? {} : { edge: this.#edge };
  }

  #isLast(): boolean {
    return this.#work?.exchanges.get(this.#exchange) === this.receipt;
  }

  #isReplaced(): boolean {
    return this.#work?.exchanges.has(this.#exchange) === true && !this.#isLast();
  }

  #over(): void {
    if (this.#isLast()) {
      this.#work?.exchanges.delete(this.#exchange);
      this.#work?.edges.delete(this.#exchange);
    }
    this.#work = null;
  }
}

/** An answer that an edge brings by itself: its ACK goes by that one, which repeats it. */
export function noteAnsweredBy(event: CallEvent, { answeredBy }: PendingWork): void {
  if (event.kind === "orphan-answer" && event.edge !== undefined) answeredBy.set(answerKey(event.response), event.edge);
}

/** A 2xx: to an INVITE it makes or changes a dialog. */
export function isAnswer({ status }: SipMessage): boolean {
  return status >= 200 && status < 300;
}
