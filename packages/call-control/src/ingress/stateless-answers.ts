import { tagOf, type FailureCode } from "@tandem/domain";
import { endingOf, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import { refusal } from "../calls/refusal.ts";
import type { IdentityHash, IncomingRequest, OrphanAnswer, SipPort, Telemetry } from "../ports/index.ts";

/** Methods Tandem serves, as its answers tell. */
export const ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE";

/** Extensions Tandem does on every leg by itself. */
const SUPPORTED = "100rel, timer, replaces, norefersub";

export interface AnswerPorts {
  readonly sip: SipPort;
  readonly telemetry: Telemetry;
  readonly hash: IdentityHash;
}

/** Answers requests that belong to no call. */
export class StatelessAnswers {
  readonly #ports: AnswerPorts;

  constructor(ports: AnswerPorts) {
    this.#ports = ports;
  }

  /** Refuses as the failure catalogue says: one response, one metric, one log line. An ACK has no answer. */
  refuse(request: IncomingRequest, code: FailureCode, headers: readonly HeaderLine[] = []): void {
    const { message, pool, listener, source } = request;
    if (message.method === "ACK") return;
    this.#ports.telemetry.requestRefused({ method: message.method, failure: code });
    this.#ports.telemetry.log("info", "request refused", {
      method: message.method,
      failure: code,
      pool,
      listener,
      source: `${source.address}:${source.port}`,
    });
    this.respond(request, refusal(message, code, this.tag(message), headers));
  }

  /** RFC 3261 §11.2: what an INVITE could use here. */
  capabilities(request: IncomingRequest): void {
    const headers: HeaderLine[] = [
      ["Allow", ALLOW],
      ["Accept", "application/sdp, multipart/mixed"],
      ["Accept-Encoding", "identity"],
      ["Supported", SUPPORTED],
    ];
    this.respond(request, responseTo(request.message, 200, { toTag: this.tag(request.message), headers }));
  }

  /** An answered INVITE whose call is over is acknowledged and ended at once (RFC 3261 §15). */
  endUnwanted({ message: answer, edge, pool, listener }: OrphanAnswer): void {
    const { ack, bye } = endingOf(answer);
    const way = { pool, listener, nextHop: null, preferredEdge: edge };
    const ignored = { onResponse: () => undefined, onFailure: () => undefined };
    void this.#ports.sip.sendRequest({ ...way, message: ack }, ignored);
    void this.#ports.sip.sendRequest({ ...way, message: bye }, ignored);
  }

  respond(request: IncomingRequest, response: SipMessage): void {
    void this.#ports.sip.respond(request.transaction, response);
  }

  /** A To tag that names no call but looks like ours and is the same for every copy of the request (RFC 3261 §8.2.7). */
  tag(message: SipMessage): string {
    return tagOf(this.#ports.hash(`answer\n${message.get("Call-ID") ?? ""}\n${message.get("CSeq") ?? ""}`), "a");
  }
}
