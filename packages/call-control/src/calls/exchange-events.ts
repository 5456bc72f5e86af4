import type { ExchangeId, Failure, Result } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { ClientEvents, ClientTransaction } from "../ports/index.ts";
import type { CallShell } from "./call-shell.ts";
import type { PendingWork } from "./pending-work.ts";

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
  /** Where the request left, once known. */
  #edge: string | null = null;
  /** The edge's receipt for the request: when this process sends it again, there is another one. */
  receipt: Promise<Result<ClientTransaction, Failure>> | null = null;
  #work: PendingWork | null;

  constructor(callId: string, exchange: ExchangeId, parts: { readonly work: PendingWork; readonly shell: CallShell }) {
    this.#callId = callId;
    this.#exchange = exchange;
    this.#work = parts.work;
    this.#shell = parts.shell;
  }

  /** The request left by this edge. */
  leftBy(edge: string): void {
    this.#edge = edge;
    if (this.#isLast()) this.#work?.edges.set(this.#exchange, edge);
  }

  onResponse(response: SipMessage): void {
    if (this.#edge !== null && response.method === "INVITE" && isAnswer(response)) {
      this.#work?.answeredBy.set(answerKey(response), this.#edge);
    }
    if (response.status >= 200) this.#over();
    const cameMs = this.#shell.ports.clock.now();
    const event = { kind: "response", exchange: this.#exchange, response, cameMs, ...this.#by() } as const;
    this.#shell.post(this.#callId, { event });
  }

  onFailure({ code: failure }: Failure): void {
    // It was this process itself that sent it again.
    if (failure === "superseded" && !this.#isLast()) return;
    this.#over();
    this.#shell.post(this.#callId, {
      event: { kind: "no-response", exchange: this.#exchange, failure, ...this.#by() },
    });
  }

  #by(): { readonly edge?: string } {
    return this.#edge === null ? {} : { edge: this.#edge };
  }

  #isLast(): boolean {
    return this.#work?.exchanges.get(this.#exchange) === this.receipt;
  }

  #over(): void {
    if (this.#isLast()) {
      this.#work?.exchanges.delete(this.#exchange);
      this.#work?.edges.delete(this.#exchange);
    }
    this.#work = null;
  }
}

/** A 2xx: to an INVITE it makes or changes a dialog. */
export function isAnswer({ status }: SipMessage): boolean {
  return status >= 200 && status < 300;
}
