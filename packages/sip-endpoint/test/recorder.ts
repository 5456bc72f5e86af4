import { buildRequest, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import type {
  ClientFailure,
  ClientTransactionEvents,
  EndpointEvents,
  ReceivedMessage,
  SentMessage,
  ServerTransaction,
} from "../src/endpoint.ts";

/** An endpoint's user that remembers everything. */
export class RecordingUser implements EndpointEvents {
  readonly requests: { readonly transaction: ServerTransaction; readonly request: ReceivedMessage }[] = [];
  readonly acks: { readonly ack: ReceivedMessage; readonly transaction: ServerTransaction | null }[] = [];
  readonly cancels: { readonly transaction: ServerTransaction; readonly cancel: ReceivedMessage }[] = [];
  readonly ackTimeouts: { readonly transaction: ServerTransaction; readonly response: SentMessage }[] = [];
  readonly lost: ServerTransaction[] = [];
  /** Called with every request; for users that answer at once. */
  answer: (transaction: ServerTransaction, request: ReceivedMessage) => void = () => undefined;

  onRequest(transaction: ServerTransaction, request: ReceivedMessage): void {
    this.requests.push({ transaction, request });
    this.answer(transaction, request);
  }

  onAck(ack: ReceivedMessage, transaction: ServerTransaction | null): void {
    this.acks.push({ ack, transaction });
  }

  onCancel(transaction: ServerTransaction, cancel: ReceivedMessage): void {
    this.cancels.push({ transaction, cancel });
  }

  onAckTimeout(transaction: ServerTransaction, response: SentMessage): void {
    this.ackTimeouts.push({ transaction, response });
  }

  onResponseLost(transaction: ServerTransaction): void {
    this.lost.push(transaction);
  }

  /** The first request's transaction. */
  get transaction(): ServerTransaction {
    const first = this.requests[0];
    if (first === undefined) throw new Error("no request came");
    return first.transaction;
  }

  /** Answers the nth request (default the last). */
  respond(status: number, options: { readonly index?: number; readonly headers?: readonly HeaderLine[] } = {}): void {
    const entry = this.requests.at(options.index ?? -1);
    if (entry === undefined) throw new Error("no request came");
    const response = responseTo(entry.request.message, status, {
      toTag: "service",
      headers: [["Contact", "<sip:service@10.0.0.9>"], ...(options.headers ?? [])],
    });
    const sent = entry.transaction.respond(response);
    if (!sent.ok) throw new Error(sent.error.detail);
  }
}

/** Remembers what a client transaction tells. */
export class RecordingClient implements ClientTransactionEvents {
  readonly sent: SentMessage[] = [];
  readonly responses: ReceivedMessage[] = [];
  readonly repeated: ReceivedMessage[] = [];
  readonly tryings: ReceivedMessage[] = [];
  readonly failures: ClientFailure[] = [];

  onSent(sent: SentMessage): void {
    this.sent.push(sent);
  }

  onResponse(response: ReceivedMessage): void {
    this.responses.push(response);
  }

  onTrying(response: ReceivedMessage): void {
    this.tryings.push(response);
  }

  onRepeatedAnswer(response: ReceivedMessage): void {
    this.repeated.push(response);
  }

  onFailure(failure: ClientFailure): void {
    this.failures.push(failure);
  }

  get statuses(): readonly number[] {
    return this.responses.map((response) => response.message.status);
  }
}

/** A request of the endpoint's user. */
export function outgoing(method: string, uri: string, headers: readonly HeaderLine[] = [], body = ""): SipMessage {
  return buildRequest({
    method,
    uri,
    headers: [
      ["Max-Forwards", "70"],
      ["From", "<sip:us@10.0.0.9>;tag=us"],
      ["To", "<sip:them@example.com>"],
      ["Call-ID", "ours-1"],
      ["CSeq", `1 ${method}`],
      ["Contact", "<sip:us@10.0.0.9>"],
      ...headers,
    ],
    body,
  });
}

/** The ACK to a 2xx. */
export function ackTo(response: ReceivedMessage, uri: string): SipMessage {
  const { message } = response;
  return buildRequest({
    method: "ACK",
    uri,
    headers: [
      ["Max-Forwards", "70"],
      ["From", message.get("From") ?? ""],
      ["To", message.get("To") ?? ""],
      ["Call-ID", message.get("Call-ID") ?? ""],
      ["CSeq", "1 ACK"],
    ],
  });
}
