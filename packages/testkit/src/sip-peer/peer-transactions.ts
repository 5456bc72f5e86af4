import { readTag, topVia, type SipMessage } from "@tandem/sip";

/** What a message that arrived means to the peer: something new, or something again, with what to send once more (null: nothing). */
export type Verdict = { readonly kind: "new" } | { readonly kind: "repeated"; readonly again: SipMessage | null };

const NEW: Verdict = { kind: "new" };

/**
 * A peer's memory of its transactions (RFC 3261 §17). Over UDP any request comes again when its answer takes longer than T1 (0.5 s), which one pause of a
 * busy machine does; a peer without this memory would take it for another one.
 */
export class PeerTransactions {
  /** Last response to each request; null: none yet. */
  readonly #answers = new Map<string, SipMessage | null>();
  /** ACKs of the final responses that were acknowledged. */
  readonly #acknowledgements = new Map<string, SipMessage>();

  take(message: SipMessage): Verdict {
    return message.kind === "request" ? this.#takeRequest(message) : this.#takeResponse(message);
  }

  /** A response was sent: it is repeated with its request (§17.2.1). A provisional one does not replace a final one. */
  answered(request: SipMessage, response: SipMessage): void {
    const key = requestKey(request);
    const last = this.#answers.get(key);
    if (response.status < 200 && (last?.status ?? 0) >= 200) return;
    this.#answers.set(key, response);
  }

  /** The ACK of a 2xx, which has a transaction of its own (§13.2.2.4). */
  acknowledged(ack: SipMessage): void {
    this.#acknowledgements.set(successKey(ack), ack);
  }

  /** The ACK of another final response, which belongs to the INVITE's transaction (§17.1.1.3). */
  acknowledgedFailure(ack: SipMessage): void {
    this.#acknowledgements.set(failureKey(ack), ack);
  }

  #takeRequest(request: SipMessage): Verdict {
    const branch = topVia(request)?.branch;
    if (branch === undefined) return NEW;
    // §17: the ACK of a 2xx is no part of a transaction, and whoever is told the 2xx again says it again.
    if (request.method === "ACK" && !this.#answers.has(requestKey(request, "INVITE"))) return NEW;
    const key = requestKey(request);
    const last = this.#answers.get(key);
    if (last !== undefined) return { kind: "repeated", again: last };
    this.#answers.set(key, null);
    return NEW;
  }

  #takeResponse(response: SipMessage): Verdict {
    if (response.method !== "INVITE" || response.status < 200) return NEW;
    const again = this.#acknowledgements.get(response.status < 300 ? successKey(response) : failureKey(response));
    return again === undefined ? NEW : { kind: "repeated", again };
  }
}

/** §17.2.3. */
function requestKey(request: SipMessage, method = request.method): string {
  const via = topVia(request);
  return `${method} ${via?.branch ?? ""} ${via?.host ?? ""}:${via?.port ?? ""}`;
}

function successKey(message: SipMessage): string {
  const number = (message.get("CSeq") ?? "").split(" ")[0] ?? "";
  return `${message.get("Call-ID") ?? ""} ${number} ${readTag(message.get("To") ?? "") ?? ""}`;
}

function failureKey(message: SipMessage): string {
  return topVia(message)?.branch ?? "";
}
