import {
  awaitsCaller,
  detailRecords,
  isTakenOver,
  knowsAnswer,
  newCall,
  ok,
  transition,
  type Call,
  type CallEvent,
  type Effect,
  type ExchangeId,
  type Failure,
  type FailureCode,
  type Result,
  type Step,
  type TransactionId,
} from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import { CallRecord, type SaveOutcome } from "./call-record.ts";
import type { CallShell, Mail } from "./call-shell.ts";
import { finishOf } from "./finished-calls.ts";
import { isFirstInvite, requestOf } from "./open-requests.ts";
import { withOtherEdge } from "./other-edge.ts";
import { patiently } from "./patiently.ts";
import { PendingWork } from "./pending-work.ts";
import { refusal } from "./refusal.ts";
import { isEmergencySetup, renewLeases, runEffect } from "./run-effect.ts";
import { serverTransaction } from "./transaction-id.ts";
import { unattended } from "./unattended.ts";

/** Lost races in a row before an event is given up; each needs another worker that won one. */
const MOST_RUNS = 10;

/** A mail, and when it came (epoch ms). */
interface Arrived {
  readonly mail: Mail;
  readonly atMs: number;
}

type Performed = "done" | "refused" | Exclude<SaveOutcome, "stored" | "unstored">;

/**
 * One call in this process: a mailbox that runs the call's events one after another. Each runs the machine on the record, stores and acts as the machine
 * says, and starts again on the newer record when another worker was faster. Lives while something is pending, then goes; the record stays.
 */
export class CallActor {
  readonly #callId: string;
  readonly #shell: CallShell;
  readonly #record: CallRecord;
  readonly #work: PendingWork;
  readonly #mailbox: Arrived[] = [];
  #running = false;
  /** A lazy write lost a race: read the record again before anything else. */
  #outdated = false;
  /** Another worker wrote the record, too. */
  #raced = false;
  #lingered = false;

  constructor(callId: string, shell: CallShell) {
    this.#callId = callId;
    this.#shell = shell;
    this.#record = new CallRecord(callId, shell.ports, (outcome) => this.#onLazyWrite(outcome));
    this.#work = new PendingWork(shell.ports.clock, { callId, telemetry: shell.ports.telemetry });
  }

  post(mail: Mail): void {
    this.#mailbox.push({ mail, atMs: this.#shell.ports.clock.now() });
    if (!this.#running) void this.#run();
  }

  /** Goes on after a pause: tries again to store what the store does not have. */
  wake(): void {
    if (this.#running) return;
    if (this.#outdated) void this.#run();
    else this.flush();
  }

  /** Stores what was left for a convenient moment, without waiting. */
  flush(): void {
    this.#record.flush();
  }

  /** The time to wait for an ACK is over. */
  leave(): void {
    this.#lingered = true;
    this.#rest();
  }

  /** Everything this actor knows is stored, or the store is away. */
  settled(): Promise<void> {
    this.flush();
    return this.#record.settled();
  }

  async #run(): Promise<void> {
    this.#running = true;
    if (this.#outdated) await this.#reload();
    for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) {
      try {
        await this.#handle(next);
      } catch (bug) {
        this.#onBug(next.mail, bug);
      }
    }
    this.#running = false;
    this.#leaveUnsaved();
    this.#rest();
  }

  /** During a set-up more follows soon, at this worker; an established call may be served by any other worker next. */
  #leaveUnsaved(): void {
    if (!this.#record.unsaved) return;
    if (this.#record.call?.phase === "setup") this.#shell.flushSoon(this.#callId);
    else this.flush();
  }

  /** Goes when nothing is pending. Whatever request is still open then, no event will answer it any more. */
  #rest(): void {
    if (this.#running || !this.#work.quiet) return;
    for (const [transaction, request] of this.#work.requests.all) this.#close(transaction, request);
    this.#endLeft();
    if (this.#record.unsettled) return;
    // The edge brings the ACK to the worker that answered; it need not read the record for that.
    const awaitsAck = (this.#record.call?.unacked.length ?? 0) > 0;
    if (awaitsAck && !this.#lingered) this.#shell.linger(this.#callId);
    else this.#shell.release(this.#callId);
  }

  /** Ways that are not answered any more end with the call's answer or its end. A call that another worker sets up has neither yet: its sender would take this for the call's. */
  #endLeft(): void {
    if (this.#record.call?.phase === "setup") return this.#handOverLeft();
    for (const [transaction, request] of this.#work.requests.takeLeft()) {
      this.#answer(transaction, request, "answered-elsewhere");
    }
  }

  #handOverLeft(): void {
    for (const [transaction] of this.#work.requests.takeLeft()) {
      this.#shell.ports.sip.handOver(serverTransaction(transaction));
    }
  }

  #close(transaction: TransactionId, request: SipMessage): void {
    // Another worker may have answered it: the INVITE by the way it came there, anything else as its call ended. A second answer is dropped by the edge.
    if (this.#raced && isFirstInvite(request)) this.#work.requests.close(transaction);
    else if (this.#raced) this.#refuse(transaction, request, "call-gone");
    else {
      this.#log("error", "request left without an answer", { method: request.method });
      this.#refuse(transaction, request, "internal-error");
    }
  }

  #onLazyWrite(outcome: SaveOutcome): void {
    if (outcome === "unstored" && this.#record.unsaved) return this.#shell.keepAwake(this.#callId);
    if (outcome === "stored" || this.#record.call === null) {
      if (!this.#running) this.#leaveUnsaved();
      return this.#rest();
    }
    this.#lostRace();
    this.#outdated = true;
    if (!this.#running) void this.#run();
  }

  #lostRace(): void {
    this.#raced = true;
    this.#shell.ports.telemetry.casConflict();
  }

  async #reload(): Promise<void> {
    this.#outdated = false;
    const found = await this.#readAgain();
    if (found.ok && found.value === null) this.#record.forget();
    if (found.ok) return;
    this.#outdated = true;
    this.#shell.keepAwake(this.#callId);
  }

  /** Reads the newer record, and does what earlier events ask for only now: after it is stored, where an event would have it stored first. */
  async #readAgain(): Promise<Result<Call | null, Failure>> {
    let found = await this.#record.reload();
    for (let run = 0; run < MOST_RUNS; run += 1) {
      const { owed } = this.#record;
      if (!found.ok || found.value === null || owed.length === 0) return found;
      const isAhead = owed.some(({ kind }) => kind === "save");
      const outcome = isAhead ? await this.#record.saveOwed(found.value) : "stored";
      if (outcome === "stored" || outcome === "unstored") {
        this.#record.payOwed();
        return (await this.#do(owed, found.value, null)) === "over" ? ok(null) : found;
      }
      this.#lostRace();
      found = await this.#record.reload();
    }
    return found;
  }

  async #handle({ mail, atMs }: Arrived): Promise<void> {
    if (mail.stored !== undefined) this.#record.adopt(mail.stored);
    this.#work.requests.add(mail.event);
    if (mail.event.kind === "cancelled") this.#work.requests.close(mail.event.transaction);
    const { call } = this.#record;
    if (call !== null && isTakenOver(call, mail.event)) return this.#leaveToHeir();
    let event = this.#asKnown(mail.event, atMs);
    let found = await this.#begin(event, mail);
    for (let run = 0; run < MOST_RUNS; run += 1) {
      if (!found.ok) return this.#onUnread(mail, event, found.error.code);
      if (found.value === null) return this.#onMissing(mail, event);
      if (mail.unsuited !== undefined && !awaitsCaller(found.value)) return this.#leaveTo(mail.unsuited, event);
      if (run === 0) mail.known?.(this.#callId);
      if (event.kind === "orphan-answer" && !knowsAnswer(found.value, event.response)) return mail.otherwise?.();
      this.#work.requests.closeCopies(found.value, event);
      const step = transition(found.value, event, this.#shell.ports.clock.now());
      const performed = await this.#perform(step, event);
      if (performed === "done") return;
      if (performed === "refused") return this.#refuseUnstored(mail, event);
      if (performed === "exists" && event.kind === "invite") event = this.#again(event);
      this.#lostRace();
      found = await this.#readPatiently(() => this.#readAgain());
    }
    this.#log("error", "event given up after too many lost races", { event: event.kind });
    this.#fail(mail, event, "internal-error");
  }

  /**
   * Another worker has the call: a timer of this one would call the next way beside it where no record holds them apart, and a state stored from here would be
   * older than that one's.
   */
  #leaveToHeir(): void {
    this.#raced = true;
    this.#work.stopTimers();
    for (const [transaction] of this.#work.requests.all) {
      this.#work.requests.close(transaction);
      this.#shell.ports.sip.handOver(serverTransaction(transaction));
    }
    this.#handOverLeft();
    this.#record.forget();
    this.#log("info", "another worker goes on with the call");
  }

  /** An INVITE for a call that is already here is the same INVITE by another way. */
  #asKnown(event: CallEvent, cameMs: number): CallEvent {
    if (event.kind === "request") return { ...event, alive: this.#alive(), cameMs };
    if (event.kind === "cancelled") return { ...event, cameMs };
    if (event.kind === "deadline") return { ...event, alive: this.#alive() };
    if (event.kind === "timer" || event.kind === "no-response") {
      return withOtherEdge(event, this.#record.call, { work: this.#work, sip: this.#shell.ports.sip });
    }
    const isAgain = event.kind === "redelivered" || (event.kind === "invite" && this.#record.call !== null);
    return isAgain ? this.#again(event) : event;
  }

  /** What this process itself still waits for need not be sent again. */
  #again(event: Extract<CallEvent, { kind: "invite" | "redelivered" }>): CallEvent {
    const { transaction, request } = event;
    const way = event.kind === "redelivered" && event.way !== undefined ? { way: event.way } : {};
    return { kind: "redelivered", transaction, request, alive: this.#alive(), ...way };
  }

  #alive(): readonly ExchangeId[] {
    return [...this.#work.exchanges.keys()];
  }

  #begin(event: CallEvent, { unread }: Mail): Promise<Result<Call | null, Failure>> {
    const known = this.#record.call;
    if (event.kind !== "invite" && known === null && unread !== undefined) return this.#record.currentSoon();
    if (event.kind !== "invite" && known === null) return this.#readPatiently(() => this.#record.current());
    if (event.kind !== "invite") return Promise.resolve(ok(known));
    return Promise.resolve(ok(newCall(this.#callId, this.#shell.ports.clock.now())));
  }

  #readPatiently(read: () => Promise<Result<Call | null, Failure>>): Promise<Result<Call | null, Failure>> {
    const isAway = (found: Result<Call | null, Failure>): boolean =>
      !found.ok && found.error.code === "store-unavailable";
    return patiently(this.#shell.ports.clock, read, isAway);
  }

  /** Stores the state after an event. An ordinary call that was never stored waits for a store that is away; any other goes on. */
  async #store(call: Call, event: CallEvent, effects: readonly Effect[]): Promise<SaveOutcome> {
    const first = await this.#record.save(call, event, effects);
    if (first !== "unstored" || mayGoOnUnstored(call, this.#record.version)) return first;
    const { clock } = this.#shell.ports;
    const again = (): Promise<SaveOutcome> => this.#record.saveAgain(call);
    return patiently(clock, again, (outcome) => outcome === "unstored");
  }

  async #perform({ call, effects }: Step, event: CallEvent): Promise<Performed> {
    this.#record.commit(call);
    this.#shell.phaseChanged(this.#callId, call.phase);
    // The first write decides whose call it is, so it is always waited for.
    const strict = effects.some(
      ({ kind }) => kind === "save" || (kind === "save-lazily" && this.#record.version === 0),
    );
    if (strict) {
      const outcome = await this.#store(call, event, effects);
      if (outcome === "unstored" && !mayGoOnUnstored(call, this.#record.version)) return "refused";
      if (outcome === "unstored") this.#shell.keepAwake(this.#callId);
      else if (outcome !== "stored") return outcome;
    } else if (effects.some(({ kind }) => kind === "save-lazily")) this.#record.defer(event, effects);
    this.#hold(call, event);
    await this.#do(effects, call, requestOf(event)?.transaction ?? null);
    if (event.kind === "deadline") renewLeases(call, this.#shell);
    return "done";
  }

  /** The edge that has the caller's INVITE is not to end before an emergency call is answered. */
  #hold({ phase, facts }: Call, event: CallEvent): void {
    const carried = phase === "setup" ? requestOf(event) : null;
    if (carried === null || !isEmergencySetup({ facts }, carried.request)) return;
    this.#shell.ports.sip.hold(serverTransaction(carried.transaction));
  }

  /** Does the effects in order; `over` when the call ended with them. */
  async #do(effects: readonly Effect[], call: Call, serving: TransactionId | null): Promise<"done" | "over"> {
    const context = { call, work: this.#work, shell: this.#shell, serving };
    for (const effect of effects) {
      if (effect.kind === "finish") {
        await this.#finish(call);
        return "over";
      }
      if (effect.kind !== "save" && effect.kind !== "save-lazily") runEffect(effect, context);
    }
    return "done";
  }

  async #finish(call: Call): Promise<void> {
    await this.#record.settled();
    this.#work.stopTimers();
    const { version } = this.#record;
    this.#record.forget();
    this.#shell.callOver(call);
    const nowMs = this.#shell.ports.clock.now();
    await this.#shell.finished.finish(finishOf(call, version, nowMs));
    this.#trace(call, nowMs);
  }

  /** After the records are safe, which a trace that fails or takes its time must not cost. */
  #trace(call: Call, nowMs: number): void {
    const { traces, telemetry } = this.#shell.ports;
    if (traces === undefined) return;
    const tell = async (): Promise<void> => {
      const made = detailRecords(call, nowMs);
      traces.ended(made.call, made.attempts);
    };
    unattended(tell(), { telemetry, callId: this.#callId });
  }

  #onMissing(mail: Mail, event: CallEvent): void {
    this.#raced = true;
    this.#record.forget();
    if (mail.otherwise === undefined) return this.#giveUp(event, goneCode(event));
    this.#leaveTo(mail.otherwise, event);
  }

  #onUnread(mail: Mail, event: CallEvent, code: FailureCode): void {
    if (code !== "store-unavailable" || mail.unread === undefined) return this.#fail(mail, event, code);
    this.#leaveTo(mail.unread, event);
  }

  /** A store that only hung may have the record, or get it when it wakes: nobody will serve that call. */
  #refuseUnstored(mail: Mail, event: CallEvent): void {
    const { doubtful } = this.#record;
    if (doubtful !== null) this.#shell.withdrawn.withdraw(doubtful);
    this.#fail(mail, event, "store-unavailable");
  }

  /** The event came to nothing. An INVITE by another way need not end with it: it can be a call of its own. */
  #fail(mail: Mail, event: CallEvent, code: FailureCode): void {
    if (mail.unsuited === undefined) return this.#giveUp(event, code);
    this.#leaveTo(mail.unsuited, event);
  }

  /** The request is another's business now. */
  #leaveTo(next: () => void, event: CallEvent): void {
    const waiting = requestOf(event);
    if (waiting !== null) this.#work.requests.close(waiting.transaction);
    next();
  }

  #onBug(mail: Mail, bug: unknown): void {
    this.#log("error", "call event failed", { event: mail.event.kind, ...whatFailed(bug) });
    this.#fail(mail, mail.event, "internal-error");
  }

  #giveUp(event: CallEvent, code: FailureCode): void {
    if (this.#record.version === 0) this.#record.forget();
    // A place on a trunk that came too late for its call.
    const trunk = trunkOfPlace(event);
    if (trunk !== null) void this.#shell.ports.gate.release(trunk, this.#callId);
    const waiting = requestOf(event);
    if (waiting !== null) this.#refuse(waiting.transaction, waiting.request, code);
  }

  #refuse(transaction: TransactionId, request: SipMessage, code: FailureCode): void {
    if (this.#work.requests.close(transaction)) this.#answer(transaction, request, code);
  }

  #answer(transaction: TransactionId, request: SipMessage, code: FailureCode): void {
    const { sip, telemetry } = this.#shell.ports;
    telemetry.requestRefused({ method: request.method, failure: code });
    void sip.respond(serverTransaction(transaction), refusal(request, code, `${this.#callId}-a`));
  }

  #log(level: "info" | "error", message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#shell.ports.telemetry.log(level, message, { callId: this.#callId, ...fields });
  }
}

/** Class and place of a bug. Its message may hold what is personal: a number, a location, a whole SIP message. */
function whatFailed(bug: unknown): { readonly error: string; readonly stack: string } {
  if (!(bug instanceof Error)) return { error: typeof bug, stack: "" };
  const places = (bug.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
  return { error: bug.name, stack: places.map((line) => line.trim()).join("\n") };
}

/** A call that was stored once goes on from memory; a new one may only when it is an emergency call or a callback to one. */
function mayGoOnUnstored(call: Call, version: number): boolean {
  return version > 0 || call.facts.emergency !== null || call.facts.callback !== null;
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
