import {
  newCall,
  ok,
  transition,
  type Call,
  type CallEvent,
  type Failure,
  type FailureCode,
  type Result,
  type Step,
  type TransactionId,
} from "@tandem/domain";
import { readTag, type SipMessage } from "@tandem/sip";
import { CallRecord, type SaveOutcome } from "./call-record.ts";
import type { CallShell, Mail } from "./call-shell.ts";
import { finishOf } from "./finished-calls.ts";
import { PendingWork } from "./pending-work.ts";
import { refusal } from "./refusal.ts";
import { renewLeases, runEffect } from "./run-effect.ts";
import { serverTransaction } from "./transaction-id.ts";

/** Lost races in a row before an event is given up; each needs another worker that won one. */
const MOST_RUNS = 10;

type Performed = "done" | "refused" | Exclude<SaveOutcome, "stored" | "unstored">;

/** A peer's request that an event carries and that must be answered, whatever becomes of the call. */
export function requestOf(
  event: CallEvent,
): { readonly transaction: TransactionId; readonly request: SipMessage } | null {
  switch (event.kind) {
    case "invite":
    case "redelivered":
    case "replacing-invite":
      return event;
    case "request":
      return event.request.method === "ACK" ? null : event;
    default:
      return null;
  }
}

/**
 * One call in this process: a mailbox that runs the call's events one after another. Each runs the machine on the record, stores and acts as the machine
 * says, and starts again on the newer record when another worker was faster. Lives while something is pending, then goes; the record stays.
 */
export class CallActor {
  readonly #callId: string;
  readonly #shell: CallShell;
  readonly #record: CallRecord;
  readonly #work: PendingWork;
  readonly #mailbox: Mail[] = [];
  #running = false;
  #reconcile = false;
  /** Another worker wrote the record, too. */
  #raced = false;

  constructor(callId: string, shell: CallShell) {
    this.#callId = callId;
    this.#shell = shell;
    this.#record = new CallRecord(callId, shell.ports);
    this.#work = new PendingWork(shell.ports.clock);
  }

  post(mail: Mail): void {
    this.#mailbox.push(mail);
    if (!this.#running) void this.#run();
  }

  /** Tries again to store what the store does not have. */
  wake(): void {
    if (!this.#running) void this.#run();
  }

  /** Everything this actor knows is stored, or the store is away. */
  settled(): Promise<void> {
    return this.#record.settled();
  }

  async #run(): Promise<void> {
    this.#running = true;
    if (this.#reconcile) await this.#reload();
    for (let mail = this.#mailbox.shift(); mail !== undefined; mail = this.#mailbox.shift()) {
      try {
        await this.#handle(mail);
      } catch (bug) {
        this.#onBug(mail, bug);
      }
    }
    this.#running = false;
    this.#record.flush((outcome) => this.#onLazyWrite(outcome));
    this.#rest();
  }

  /** Goes when nothing is pending. Whatever request is still open then, no event will answer it any more. */
  #rest(): void {
    if (this.#running || !this.#work.quiet) return;
    for (const [transaction, request] of this.#work.unanswered) this.#close(transaction, request);
    if (!this.#record.unsettled) this.#shell.release(this.#callId);
  }

  #close(transaction: TransactionId, request: SipMessage): void {
    // Another worker may have answered it: the INVITE by the way it came there, anything else as its call ended. A second answer is dropped by the edge.
    if (this.#raced && isFirstInvite(request)) this.#work.unanswered.delete(transaction);
    else if (this.#raced) this.#refuse(transaction, request, "call-gone");
    else {
      this.#log("error", "request left without an answer", { method: request.method });
      this.#refuse(transaction, request, "internal-error");
    }
  }

  #onLazyWrite(outcome: SaveOutcome): void {
    if (outcome === "unstored") return this.#shell.keepAwake(this.#callId);
    if (outcome === "stored") return this.wake();
    this.#lostRace();
    this.#reconcile = true;
    this.wake();
  }

  #lostRace(): void {
    this.#raced = true;
    this.#shell.ports.telemetry.casConflict();
  }

  async #reload(): Promise<void> {
    this.#reconcile = false;
    const found = await this.#record.reload();
    if (found.ok && found.value === null) this.#record.forget();
    if (found.ok) return;
    this.#reconcile = true;
    this.#shell.keepAwake(this.#callId);
  }

  async #handle(mail: Mail): Promise<void> {
    if (mail.stored !== undefined) this.#record.adopt(mail.stored);
    const waiting = requestOf(mail.event);
    if (waiting !== null) this.#await(waiting.transaction, waiting.request);
    if (mail.event.kind === "cancelled") this.#work.unanswered.delete(mail.event.transaction);
    let event = this.#asKnown(mail.event);
    let found = await this.#begin(event);
    for (let run = 0; run < MOST_RUNS; run += 1) {
      if (!found.ok) return this.#giveUp(event, found.error.code);
      if (found.value === null) return this.#onMissing(mail, event);
      if (this.#work.unanswered.size > 0) this.#dropCopies(found.value, event);
      const step = transition(found.value, event, this.#shell.ports.clock.now());
      const performed = await this.#perform(step, event);
      if (performed === "done") return;
      if (performed === "refused") return this.#giveUp(event, "store-unavailable");
      if (performed === "exists" && event.kind === "invite") event = this.#again(event);
      this.#lostRace();
      found = await this.#record.reload();
    }
    this.#log("error", "event given up after too many lost races", { event: event.kind });
    this.#giveUp(event, "internal-error");
  }

  /** An INVITE for a call that is already here is the same INVITE by another way. */
  #asKnown(event: CallEvent): CallEvent {
    const isAgain = event.kind === "redelivered" || (event.kind === "invite" && this.#record.call !== null);
    return isAgain ? this.#again(event) : event;
  }

  /** A copy of a request that is open already came by another way, and is answered there: an answer to both would be two to the same request. */
  #await(transaction: TransactionId, request: SipMessage): void {
    for (const [older, open] of this.#work.unanswered) {
      const isCopy = open.get("CSeq") === request.get("CSeq") && open.get("From") === request.get("From");
      if (isCopy) this.#work.unanswered.delete(older);
    }
    this.#work.unanswered.set(transaction, request);
  }

  /** Copies of the caller's INVITE but for the one the record answers: an answer to those would be a second one to the same request. */
  #dropCopies(call: Call, event: CallEvent): void {
    const current = event.kind === "redelivered" ? event.transaction : call.caller?.transaction;
    const own = requestOf(event)?.transaction;
    for (const [transaction, request] of this.#work.unanswered) {
      const isCopy = transaction !== current && transaction !== own && isFirstInvite(request);
      if (isCopy && call.phase !== "new") this.#work.unanswered.delete(transaction);
    }
  }

  /** What this process itself still waits for need not be sent again. */
  #again({ transaction, request }: Extract<CallEvent, { kind: "invite" | "redelivered" }>): CallEvent {
    return { kind: "redelivered", transaction, request, alive: [...this.#work.exchanges.keys()] };
  }

  #begin(event: CallEvent): Promise<Result<Call | null, Failure>> {
    if (event.kind !== "invite") return this.#record.current();
    return Promise.resolve(ok(newCall(this.#callId, this.#shell.ports.clock.now())));
  }

  async #perform(step: Step, event: CallEvent): Promise<Performed> {
    this.#record.commit(step.call);
    this.#shell.phaseChanged(this.#callId, step.call.phase);
    const serving = requestOf(event)?.transaction ?? null;
    const context = { call: step.call, work: this.#work, shell: this.#shell, serving };
    for (const effect of step.effects) {
      // The first write decides whose call it is, so it is always waited for.
      if (effect.kind === "save" || (effect.kind === "save-lazily" && this.#record.version === 0)) {
        const outcome = await this.#record.save(step.call, event);
        if (outcome === "unstored") {
          if (!mayGoOnUnstored(step.call, this.#record.version)) return "refused";
          this.#shell.keepAwake(this.#callId);
        } else if (outcome !== "stored") return outcome;
      } else if (effect.kind === "save-lazily") this.#record.defer(event);
      else if (effect.kind === "finish") await this.#finish(step.call);
      else runEffect(effect, context);
    }
    if (event.kind === "deadline") renewLeases(step.call, this.#shell);
    return "done";
  }

  async #finish(call: Call): Promise<void> {
    await this.#record.settled();
    this.#work.stopTimers();
    const { version } = this.#record;
    this.#record.forget();
    await this.#shell.finished.finish(finishOf(call, version, this.#shell.ports.clock.now()));
  }

  #onMissing(mail: Mail, event: CallEvent): void {
    this.#raced = true;
    this.#record.forget();
    const waiting = requestOf(event);
    if (mail.otherwise !== undefined) {
      if (waiting !== null) this.#work.unanswered.delete(waiting.transaction);
      return mail.otherwise();
    }
    this.#giveUp(event, goneCode(event));
  }

  #onBug(mail: Mail, bug: unknown): void {
    this.#log("error", "call event failed", { event: mail.event.kind, err: bug });
    this.#giveUp(mail.event, "internal-error");
  }

  #giveUp(event: CallEvent, code: FailureCode): void {
    if (this.#record.version === 0) this.#record.forget();
    // A place on a trunk that came too late for its call.
    if (event.kind === "gate" && event.result === "reserved") {
      void this.#shell.ports.gate.release(event.trunk, this.#callId);
    }
    const waiting = requestOf(event);
    if (waiting !== null) this.#refuse(waiting.transaction, waiting.request, code);
  }

  #refuse(transaction: TransactionId, request: SipMessage, code: FailureCode): void {
    if (!this.#work.unanswered.delete(transaction)) return;
    const { sip, telemetry } = this.#shell.ports;
    telemetry.requestRefused({ method: request.method, failure: code });
    void sip.respond(serverTransaction(transaction), refusal(request, code, `${this.#callId}-a`));
  }

  #log(level: "info" | "error", message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#shell.ports.telemetry.log(level, message, { callId: this.#callId, ...fields });
  }
}

/** The INVITE that made the call, as against one in a dialog. */
function isFirstInvite(request: SipMessage): boolean {
  return request.method === "INVITE" && readTag(request.get("To") ?? "") === undefined;
}

/** A call that was stored once goes on from memory; a new one may only when it is an emergency. */
function mayGoOnUnstored(call: Call, version: number): boolean {
  return version > 0 || call.facts.emergency !== null;
}

function goneCode(event: CallEvent): FailureCode {
  if (event.kind === "replacing-invite") return "replaced-call-gone";
  // An INVITE whose call is over: its answer was given on another way.
  return event.kind === "redelivered" || event.kind === "invite" ? "merged-request" : "call-gone";
}
