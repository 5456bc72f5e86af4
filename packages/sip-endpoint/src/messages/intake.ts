import {
  isLetOffForm,
  looksLikeEmergency,
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

/** What is wrong with lines that no answer needs: they are left out (RFC 3261 §7.3.1 lets what is not understood be ignored). */
const BAD_LINES: ReadonlySet<ParseFailure["reason"]> = new Set([
  "bad-header-line",
  "header-line-too-long",
  "too-many-headers",
  "bad-line-end",
]);

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
    const { salvaged } = failure;
    const { transport, address, port, listener } = arrival;
    const fields = { transport, address, port, listener: listener.name, reason: failure.reason };
    // NENA-STA-010.3: what can be read of a call for help goes on, without the lines that cannot.
    if (salvaged !== undefined && salvaged.uri !== "" && isServedAnyway(salvaged, failure)) {
      this.log.warn(fields, "malformed request passed on, it may be an emergency call");
      return this.receiver.onRequest(salvaged, arrival);
    }
    if (salvaged?.kind === "response" && BAD_LINES.has(failure.reason)) {
      this.log.warn(fields, "malformed response taken as far as it can be read");
      return this.receiver.onResponse(salvaged, arrival);
    }
    if (failure.answerable && salvaged !== undefined) {
      return this.receiver.refuseStatelessly(salvaged, arrival, failure);
    }
    this.counters.discarded[failure.reason === "too-large" ? "oversize" : "malformed"]++;
    this.log.warn(fields, "malformed message dropped");
  }
}

/** The Request-URI of the first INVITE comes again in its CANCEL and ACK; other requests of a call go to the Contact that they were given, and have no excuse. */
function isServedAnyway(salvaged: SipMessage, { reason }: ParseFailure): boolean {
  if (reason !== "bad-start-line") return isLetOffForm(salvaged);
  return salvaged.method === "CANCEL" || salvaged.method === "ACK" || looksLikeEmergency(salvaged);
}
