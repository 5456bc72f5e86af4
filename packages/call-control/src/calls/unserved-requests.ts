import type { Call, FailureCode, TransactionId } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { SipPort, Telemetry } from "../ports/index.ts";
import { isFirstInvite, type OpenRequests } from "./open-requests.ts";
import { refusal } from "./refusal.ts";
import { serverTransaction } from "./transaction-id.ts";

export interface UnservedRequestsParts {
  readonly requests: OpenRequests;
  readonly sip: SipPort;
  readonly telemetry: Telemetry;
}

/** Requests of peers that no event of their call answers: refused, ended, or left to the worker that has the call. */
export class UnservedRequests {
  readonly #callId: string;
  readonly #parts: UnservedRequestsParts;

  constructor(callId: string, parts: UnservedRequestsParts) {
    this.#callId = callId;
    this.#parts = parts;
  }

  /** Nothing is pending: whatever is still open, no event will answer it any more. `raced`: another worker wrote the call's record, too. */
  end(call: Call | null, raced: boolean): void {
    for (const [transaction, request] of this.#parts.requests.all) this.#close(transaction, request, raced);
    this.#endLeft(call);
  }

  /** Another worker has the call. */
  handOver(): void {
    const { requests, sip } = this.#parts;
    for (const [transaction] of requests.all) {
      requests.close(transaction);
      sip.handOver(serverTransaction(transaction));
    }
    this.#handOverLeft();
  }

  /** Refuses a request that is still open. */
  refuse(transaction: TransactionId, request: SipMessage, code: FailureCode): void {
    if (this.#parts.requests.close(transaction)) this.#answer(transaction, request, code);
  }

  #close(transaction: TransactionId, request: SipMessage, raced: boolean): void {
    // Another worker may have answered it: the INVITE by the way it came there, anything else as its call ended. A second answer is dropped by the edge.
    if (raced && isFirstInvite(request)) this.#parts.requests.close(transaction);
    else if (raced) this.refuse(transaction, request, "call-gone");
    else {
      const fields = { callId: this.#callId, method: request.method };
      this.#parts.telemetry.log("error", "request left without an answer", fields);
      this.refuse(transaction, request, "internal-error");
    }
  }

  /** Ways that are not answered any more end with the call's answer or its end. A call that another worker sets up has neither yet: its sender would take this for the call's. */
  #endLeft(call: Call | null): void {
    if (call?.phase === "setup") return this.#handOverLeft();
    for (const [transaction, request] of this.#parts.requests.takeLeft()) {
      this.#answer(transaction, request, "answered-elsewhere");
    }
  }

  #handOverLeft(): void {
    const { requests, sip } = this.#parts;
    for (const [transaction] of requests.takeLeft()) sip.handOver(serverTransaction(transaction));
  }

  #answer(transaction: TransactionId, request: SipMessage, code: FailureCode): void {
    const { sip, telemetry } = this.#parts;
    telemetry.requestRefused({ method: request.method, failure: code });
    void sip.respond(serverTransaction(transaction), refusal(request, code, `${this.#callId}-a`));
  }
}
