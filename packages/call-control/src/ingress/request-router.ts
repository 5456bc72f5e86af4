import { isGatewayOf, parseOurTag, type FailureCode } from "@tandem/domain";
import { readTag, type SipMessage } from "@tandem/sip";
import type { Mail } from "../calls/call-shell.ts";
import { transactionId } from "../calls/transaction-id.ts";
import type { TopologyInForce } from "../live/topology-in-force.ts";
import type { IncomingRequest, OrphanAnswer, ServerTransaction, SipApplication, Telemetry } from "../ports/index.ts";
import type { StandaloneRequests } from "../standalone/standalone-requests.ts";
import type { NewCalls } from "./new-calls.ts";
import { ALLOW, type StatelessAnswers } from "./stateless-answers.ts";

export interface RouterParts {
  readonly newCalls: NewCalls;
  readonly standalone: StandaloneRequests;
  readonly answers: StatelessAnswers;
  readonly topology: TopologyInForce;
  readonly telemetry: Telemetry;
  readonly post: (callId: string, mail: Mail) => void;
  /** The call has work pending in this process. */
  readonly works: (callId: string) => boolean;
}

/** Requests that only make sense in a dialog. */
const IN_DIALOG_ONLY: ReadonlySet<string> = new Set(["BYE", "PRACK", "UPDATE", "INFO", "CANCEL"]);
/** Requests that work out of a dialog and pass through like calls. */
const STANDALONE: ReadonlySet<string> = new Set(["OPTIONS", "MESSAGE", "NOTIFY"]);
/** Methods known but not served out of a dialog. */
const NOT_SERVED: ReadonlySet<string> = new Set(["REGISTER", "SUBSCRIBE", "PUBLISH", "REFER"]);

/** Takes what the edges deliver to where it belongs: by our tag to the call, else by method. */
export class RequestRouter implements SipApplication {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  onRequest(request: IncomingRequest): void {
    const { message } = request;
    const toTag = readTag(message.get("To") ?? "");
    if (toTag !== undefined) return this.#inDialog(request, toTag);
    const { method } = message;
    if (method === "INVITE") return this.#parts.newCalls.take(request);
    if (STANDALONE.has(method)) return this.#parts.standalone.take(request);
    if (IN_DIALOG_ONLY.has(method)) return this.#parts.answers.refuse(request, "call-gone");
    const code: FailureCode = NOT_SERVED.has(method) ? "unsupported-method" : "not-implemented";
    this.#parts.answers.refuse(request, code, [["Allow", ALLOW]]);
  }

  onCancel(transaction: ServerTransaction, cancel: SipMessage): void {
    const ours = parseOurTag(readTag(cancel.get("To") ?? "") ?? "");
    const callId = ours?.callId ?? this.#parts.newCalls.callOf(cancel);
    this.#parts.post(callId, {
      event: { kind: "cancelled", transaction: transactionId(transaction), cancel },
      otherwise: () => undefined,
    });
  }

  onAckTimeout(transaction: ServerTransaction, response: SipMessage): void {
    const ours = parseOurTag(readTag(response.get("To") ?? "") ?? "");
    if (ours === null) return;
    this.#parts.post(ours.callId, { event: { kind: "ack-timeout", transaction: transactionId(transaction) } });
  }

  onOrphanAnswer(answer: OrphanAnswer): void {
    const { message: response, edge } = answer;
    const ours = parseOurTag(readTag(response.get("From") ?? "") ?? "");
    if (ours === null) return;
    this.#parts.post(ours.callId, {
      event: { kind: "orphan-answer", response, edge, ...came(answer) },
      otherwise: () => this.#endUnwanted(answer),
    });
  }

  worksOn({ message }: IncomingRequest): boolean {
    const ours = parseOurTag(readTag(message.get("To") ?? "") ?? "");
    return this.#parts.works(ours?.callId ?? this.#parts.newCalls.callOf(message));
  }

  /**
   * The answer says itself where its ACK and BYE go: a stranger's is dropped, or anybody could have us send to anybody. One that a worker was told before is ended by nobody's guess: its dialog may
   * live by another edge, or in a worker whose record was lost with the store, or has its BYE. Who gets no ACK ends it by himself (RFC 3261 §13.3.1.4).
   */
  #endUnwanted(answer: OrphanAnswer): void {
    if (answer.told) return;
    const { topology, answers, telemetry } = this.#parts;
    const { pool, source } = answer;
    const known = topology.current !== null && isGatewayOf(pool, source.address, topology.current.sources);
    if (known) return answers.endUnwanted(answer);
    telemetry.log("info", "answer of a stranger dropped", { pool, source: `${source.address}:${source.port}` });
  }

  #inDialog(request: IncomingRequest, toTag: string): void {
    const ours = parseOurTag(toTag);
    if (ours === null) return this.#parts.answers.refuse(request, "call-gone");
    this.#parts.post(ours.callId, {
      event: {
        kind: "request",
        leg: ours.leg,
        transaction: transactionId(request.transaction),
        request: request.message,
        ...came(request),
      },
    });
  }
}

/** What waited at an edge is of the time when it came there. */
function came({ cameMs }: Pick<IncomingRequest, "cameMs">): { readonly cameMs?: number } {
  return cameMs === undefined ? {} : { cameMs };
}
