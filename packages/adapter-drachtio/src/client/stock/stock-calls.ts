import type { SipMessage } from "@tandem/sip";

/** Calls that a stock server holds for this worker, by Call-ID: nobody else can serve their requests. */
export class StockCalls {
  readonly #beginning = new Set<string>();
  readonly #up = new Set<string>();

  /** Established calls. */
  get up(): number {
    return this.#up.size;
  }

  holds(callId: string): boolean {
    return this.#up.has(callId) || this.#beginning.has(callId);
  }

  /** An INVITE came or goes. */
  invited(invite: SipMessage): void {
    const callId = invite.get("Call-ID") ?? "";
    if (!this.#up.has(callId)) this.#beginning.add(callId);
  }

  /** A response to an INVITE or a BYE, in either direction. A re-INVITE that is refused ends nothing. */
  answered(response: SipMessage): void {
    const callId = response.get("Call-ID") ?? "";
    if (response.status < 200) return;
    if (response.method === "BYE") return this.ended(callId);
    if (response.method !== "INVITE") return;
    this.#beginning.delete(callId);
    if (response.status < 300) this.#up.add(callId);
  }

  /** The dialog is over, or never came to be. */
  ended(callId: string): void {
    this.#beginning.delete(callId);
    this.#up.delete(callId);
  }
}
