import {
  parseDatagram,
  parseMessage,
  type ParseFailure,
  type ParseOptions,
  type Result,
  type SipMessage,
} from "@tandem/sip";
import type { EndpointLimits } from "../config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { LimitedLog } from "../metrics/limited-log.ts";
import type { Arrival } from "../transport/arrival.ts";
import type { FramingFailure } from "../transport/stream-framer.ts";
import type { TransportReceiver } from "../transport/transports.ts";

/** Who gets readable messages, and those that could at least be answered. */
export interface MessageReceiver {
  onRequest(message: SipMessage, arrival: Arrival): void;
  onResponse(message: SipMessage, arrival: Arrival): void;
  refuseStatelessly(
    request: SipMessage,
    arrival: Arrival,
    fault: { readonly status: number; readonly detail?: string },
  ): void;
}

/** Shortest thing worth reading; what is shorter is a keep-alive or noise. */
const SHORTEST_MESSAGE = 16;

/** Turns bytes into messages and sorts them: requests, responses, what can be refused, what is dropped. */
export class Intake implements TransportReceiver {
  private readonly receiver: MessageReceiver;
  private readonly counters: Counters;
  private readonly log: LimitedLog;
  private readonly options: ParseOptions;

  constructor(receiver: MessageReceiver, counters: Counters, log: LimitedLog, limits: EndpointLimits) {
    this.receiver = receiver;
    this.counters = counters;
    this.log = log;
    this.options = { maxBytes: limits.messageBytes, maxHeaders: limits.headerLines };
  }

  onDatagram(bytes: Buffer, arrival: Arrival): void {
    // RFC 5626 §3.5.2 and common practice: CRLFs, zero bytes or nothing at all keep a NAT binding open.
    if (bytes.length < SHORTEST_MESSAGE && bytes.every((byte) => byte === 13 || byte === 10 || byte === 0)) return;
    this.take(parseDatagram(bytes, this.options), arrival);
  }

  onStreamMessage(text: string, arrival: Arrival): void {
    this.take(parseMessage(text, this.options), arrival);
  }

  onUnframed(head: string, arrival: Arrival, failure: FramingFailure): void {
    const parsed = parseMessage(head, this.options);
    const request = parsed.ok ? parsed.value : parsed.error.salvaged;
    if (request?.kind !== "request") return;
    const fault =
      failure === "message-too-large"
        ? { status: 513, detail: "Message Too Large" }
        : // RFC 3261 §18.3
          { status: 400, detail: failure === "no-content-length" ? "Missing Content-Length" : "Bad Content-Length" };
    this.receiver.refuseStatelessly(request, arrival, fault);
  }

  private take(parsed: Result<SipMessage, ParseFailure>, arrival: Arrival): void {
    if (!parsed.ok) this.takeFailure(parsed.error, arrival);
    else if (parsed.value.kind === "request") this.receiver.onRequest(parsed.value, arrival);
    else this.receiver.onResponse(parsed.value, arrival);
  }

  private takeFailure(failure: ParseFailure, arrival: Arrival): void {
    if (failure.answerable && failure.salvaged !== undefined) {
      return this.receiver.refuseStatelessly(failure.salvaged, arrival, failure);
    }
    const { transport, address, port, listener } = arrival;
    this.counters.discarded[failure.reason === "too-large" ? "oversize" : "malformed"]++;
    const fields = { transport, address, port, listener: listener.name, reason: failure.reason };
    this.log.warn(fields, "malformed message dropped");
  }
}
