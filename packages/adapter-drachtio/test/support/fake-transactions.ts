import { err, ok, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import type {
  ClientTransaction,
  ClientTransactionEvents,
  OutgoingRequest,
  ReceivedMessage,
  SendFailure,
  SendResult,
  ServerTransaction,
} from "@tandem/sip-endpoint";
import { receivedOf, sentOf, SOURCE } from "./sample-messages.ts";

/** A request that the fake network sent to the edge. */
export class FakeServerTransaction implements ServerTransaction {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  readonly received: ReceivedMessage;
  readonly responses: SipMessage[] = [];
  failure: SendFailure | null = null;
  /** The edge was told that its ACK came elsewhere. */
  acknowledgedElsewhere = false;
  #answered = false;
  readonly #onAnswer: () => void;

  constructor(id: string, received: ReceivedMessage, onAnswer: () => void) {
    this.id = id;
    this.received = received;
    this.method = received.message.method;
    this.callId = received.message.get("Call-ID") ?? "";
    this.#onAnswer = onAnswer;
  }

  get request(): ReceivedMessage | null {
    return this.#answered ? null : this.received;
  }

  get answered(): boolean {
    return this.#answered;
  }

  respond(response: SipMessage): SendResult {
    if (this.#answered) return err({ reason: "transaction-over", detail: "answered" });
    if (this.failure !== null) return err(this.failure);
    this.responses.push(response);
    if (response.status >= 200) this.#answered = true;
    this.#onAnswer();
    return ok(sentOf(response, SOURCE));
  }

  acknowledged(): void {
    this.acknowledgedElsewhere = true;
  }

  /** The peer cancels. */
  cancel(): void {
    this.#answered = true;
  }
}

/** A request that the edge sent. */
export class FakeClientTransaction implements ClientTransaction {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  readonly out: OutgoingRequest;
  cancelled: readonly HeaderLine[] | null = null;
  pending = true;
  readonly #events: ClientTransactionEvents;

  constructor(id: string, out: OutgoingRequest, events: ClientTransactionEvents) {
    this.id = id;
    this.out = out;
    this.method = out.message.method;
    this.callId = out.message.get("Call-ID") ?? "";
    this.#events = events;
  }

  cancel(headers: readonly HeaderLine[] = []): SendFailure | null {
    this.cancelled ??= headers;
    return null;
  }

  /** It left. */
  sent(attempt = 1): void {
    this.#events.onSent?.(sentOf(this.out.message, SOURCE), attempt);
  }

  /** The next hop says 100. */
  trying(): void {
    this.#events.onTrying?.(receivedOf(responseTo(this.out.message, 100)));
  }

  /** The peer answers. */
  answer(status: number, options: { headers?: readonly HeaderLine[]; body?: string; toTag?: string } = {}): void {
    const { toTag = "peer-tag", headers = [], body = "" } = options;
    const message = responseTo(this.out.message, status, { toTag, headers, body });
    if (status >= 200) this.pending = false;
    this.#events.onResponse(receivedOf(message));
  }

  /** The peer repeats its 2xx: no ACK reached it. */
  answerAgain(): void {
    this.#events.onRepeatedAnswer?.(receivedOf(responseTo(this.out.message, 200, { toTag: "peer-tag" })));
  }

  /** Nothing comes. */
  fail(reason: "timeout" | "transport" | "tls" | "unresolved" | "no-listener" | "bad-next-hop"): void {
    this.pending = false;
    this.#events.onFailure({ reason, detail: "as the test wants" });
  }
}
