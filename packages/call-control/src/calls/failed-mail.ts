import { isLastBye, type CallEvent, type FailureCode } from "@tandem/domain";
import { responseTo } from "@tandem/sip";
import type { CallRecord } from "./call-record.ts";
import type { CallShell, Mail } from "./call-shell.ts";
import { requestOf, type OpenRequests } from "./open-requests.ts";
import { serverTransaction } from "./transaction-id.ts";
import { unattended } from "./unattended.ts";
import type { UnservedRequests } from "./unserved-requests.ts";

export interface FailedMailParts {
  readonly record: CallRecord;
  readonly requests: OpenRequests;
  readonly unserved: UnservedRequests;
  readonly shell: CallShell;
}

/** Mail whose event came to nothing: its request is another's business then, or is refused. */
export class FailedMail {
  readonly #callId: string;
  readonly #parts: FailedMailParts;

  constructor(callId: string, parts: FailedMailParts) {
    this.#callId = callId;
    this.#parts = parts;
  }

  /** There is no record. */
  async missing(mail: Mail, event: CallEvent): Promise<void> {
    this.#parts.record.forget();
    if (mail.otherwise !== undefined) return this.leaveTo(mail.otherwise, event);
    if (await this.#wasHeard(event)) return;
    this.#giveUp(event, goneCode(event));
  }

  /** The record could not be read. */
  unread(mail: Mail, event: CallEvent, code: FailureCode): void {
    if (code !== "store-unavailable" || mail.unread === undefined) return this.fail(mail, event, code);
    this.leaveTo(mail.unread, event);
  }

  /** A store that only hung may have the record, or get it when it wakes: nobody will serve that call. */
  unstored(mail: Mail, event: CallEvent): void {
    const { record, shell } = this.#parts;
    if (record.doubtful !== null) shell.withdrawn.withdraw(record.doubtful);
    this.fail(mail, event, "store-unavailable");
  }

  /** An INVITE by another way need not end with it: it can be a call of its own. */
  fail(mail: Mail, event: CallEvent, code: FailureCode): void {
    if (mail.unsuited === undefined) return this.#giveUp(event, code);
    this.leaveTo(mail.unsuited, event);
  }

  /** The request is another's business now. */
  leaveTo(next: () => void, event: CallEvent): void {
    const waiting = requestOf(event);
    if (waiting !== null) this.#parts.requests.close(waiting.transaction);
    next();
  }

  /** The BYE that ended the call comes again, to whatever worker: its first answer was lost on the way, with an edge or a worker. The end that it asks for is made, so it gets that answer. */
  async #wasHeard(event: CallEvent): Promise<boolean> {
    if (event.kind !== "request" || event.request.method !== "BYE") return false;
    const { shell, requests } = this.#parts;
    const known = await shell.ports.store.lastByes(this.#callId);
    if (!known.ok || !isLastBye(known.value, event.request)) return false;
    if (!requests.close(event.transaction)) return true;
    unattended(shell.ports.sip.respond(serverTransaction(event.transaction), responseTo(event.request, 200)), {
      callId: this.#callId,
      telemetry: shell.ports.telemetry,
    });
    return true;
  }

  #giveUp(event: CallEvent, code: FailureCode): void {
    const { record, shell, unserved } = this.#parts;
    if (record.version === 0) record.forget();
    // A place on a trunk that came too late for its call.
    const trunk = trunkOfPlace(event);
    if (trunk !== null) void shell.ports.gate.release(trunk, this.#callId);
    const waiting = requestOf(event);
    if (waiting !== null) unserved.refuse(waiting.transaction, waiting.request, code);
  }
}

/** The trunk on which the event brings the call a place. */
function trunkOfPlace(event: CallEvent): string | null {
  if (event.kind === "gate") return event.result === "reserved" ? event.trunk : null;
  if (event.kind === "seized") return event.result === "unavailable" ? null : event.trunk;
  return null;
}

function goneCode(event: CallEvent): FailureCode {
  if (event.kind === "replacing-invite") return "replaced-call-gone";
  // An INVITE whose call is over: its answer was given on another way.
  return event.kind === "redelivered" || event.kind === "invite" ? "merged-request" : "call-gone";
}
