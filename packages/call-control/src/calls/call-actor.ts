import {
  faultOf,
  awaitsCaller,
  isSentSince,
  isTakenOver,
  knowsAnswer,
  newCall,
  ok,
  transition,
  type Call,
  type CallEvent,
  type Effect,
  type Failure,
  type Result,
  type Step,
  type TransactionId,
} from "@tandem/domain";
import { CallRecord, type SaveOutcome } from "./call-record.ts";
import type { CallShell, Mail } from "./call-shell.ts";
import { traceCall } from "./call-trace.ts";
import { holdCaller } from "./emergency-hold.ts";
import { endsUnheard } from "./ends-unheard.ts";
import { again, asKnown } from "./event-as-known.ts";
import { noteAnsweredBy } from "./exchange-events.ts";
import { FailedMail } from "./failed-mail.ts";
import { finishOf } from "./finished-calls.ts";
import { requestOf } from "./open-requests.ts";
import { mayGoOnUnstored, readPatiently, storePatiently } from "./patient-record.ts";
import { PendingWork } from "./pending-work.ts";
import { runEffect } from "./run-effect.ts";
import { renewLeases } from "./trunk-places.ts";
import { UnservedRequests } from "./unserved-requests.ts";

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
  readonly #unserved: UnservedRequests;
  readonly #failed: FailedMail;
  readonly #mailbox: Arrived[] = [];
  #running = false;
  /** A lazy write lost a race: read the record again before anything else. */
  #outdated = false;
  /** Another worker wrote the record, too. */
  #raced = false;
  #lingered = false;
  /** The last event ended the set-up, and no peer said so. */
  #unheard = false;

  constructor(callId: string, shell: CallShell) {
    this.#callId = callId;
    this.#shell = shell;
    this.#record = new CallRecord(callId, shell.ports, (outcome) => this.#onLazyWrite(outcome));
    const { clock, sip, telemetry } = shell.ports;
    this.#work = new PendingWork(clock, { callId, telemetry });
    const { requests } = this.#work;
    this.#unserved = new UnservedRequests(callId, { requests, sip, telemetry });
    this.#failed = new FailedMail(callId, { record: this.#record, requests, unserved: this.#unserved, shell });
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
    this.#unserved.end(this.#record.call, this.#raced);
    if (this.#record.unsettled) return;
    // The edge brings the ACK to the worker that answered; it need not read the record for that.
    const awaitsAck = (this.#record.call?.unacked.length ?? 0) > 0;
    if (awaitsAck && !this.#lingered) this.#shell.linger(this.#callId);
    else this.#shell.release(this.#callId);
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
    noteAnsweredBy(mail.event, this.#work);
    if (mail.event.kind === "cancelled") this.#work.requests.close(mail.event.transaction);
    const { call } = this.#record;
    if (call !== null && isTakenOver(call, mail.event)) return this.#leaveToHeir();
    const { clock, sip } = this.#shell.ports;
    let event = asKnown(mail.event, atMs, { call, work: this.#work, sip });
    let found = await this.#begin(event, mail);
    for (let run = 0; run < MOST_RUNS; run += 1) {
      if (!found.ok) return this.#failed.unread(mail, event, found.error.code);
      if (found.value === null) return this.#onMissing(mail, event);
      if (this.#work.isOfEarlierSending(event)) return;
      if (isSentSince(found.value, event)) return this.#leaveToHeir();
      if (mail.unsuited !== undefined && !awaitsCaller(found.value)) return this.#failed.leaveTo(mail.unsuited, event);
      if (run === 0) mail.known?.(this.#callId);
      if (event.kind === "orphan-answer" && !knowsAnswer(found.value, event.response)) return mail.otherwise?.();
      this.#work.requests.closeCopies(found.value, event);
      const step = transition(found.value, event, clock.now());
      const performed = await this.#perform(step, event);
      if (performed === "done") return;
      if (performed === "refused") return this.#failed.unstored(mail, event);
      if (performed === "exists" && event.kind === "invite") event = again(event, this.#work);
      this.#lostRace();
      found = await readPatiently(clock, () => this.#readAgain());
    }
    this.#log("error", "event given up after too many lost races", { event: event.kind });
    this.#failed.fail(mail, event, "internal-error");
  }

  /**
   * Another worker has the call: a timer of this one would call the next way beside it where no record holds them apart, and a state stored from here would be
   * older than that one's.
   */
  #leaveToHeir(): void {
    this.#raced = true;
    this.#work.stopTimers();
    this.#unserved.handOver();
    this.#record.forget();
    this.#log("info", "another worker goes on with the call");
  }

  #begin(event: CallEvent, { unread }: Mail): Promise<Result<Call | null, Failure>> {
    const known = this.#record.call;
    const { clock } = this.#shell.ports;
    if (event.kind !== "invite" && known === null && unread !== undefined) return this.#record.currentSoon();
    if (event.kind !== "invite" && known === null) return readPatiently(clock, () => this.#record.current());
    if (event.kind !== "invite") return Promise.resolve(ok(known));
    return Promise.resolve(ok(newCall(this.#callId, clock.now())));
  }

  async #perform({ call, effects }: Step, event: CallEvent): Promise<Performed> {
    this.#unheard = endsUnheard(this.#record.call, event, effects);
    if (this.#unheard && (await this.#record.confirm()) === "conflict") return "conflict";
    this.#record.commit(call);
    this.#shell.phaseChanged(this.#callId, call.phase);
    // The first write decides whose call it is, so it is always waited for.
    const strict = effects.some(
      ({ kind }) => kind === "save" || (kind === "save-lazily" && this.#record.version === 0),
    );
    if (strict) {
      const outcome = await storePatiently(this.#record, this.#shell.ports.clock, { call, event, effects });
      if (outcome === "unstored" && !mayGoOnUnstored(call, this.#record.version)) return "refused";
      if (outcome === "unstored") this.#shell.keepAwake(this.#callId);
      else if (outcome !== "stored") return outcome;
    } else if (effects.some(({ kind }) => kind === "save-lazily")) this.#record.defer(event, effects);
    holdCaller(call, event, this.#shell.ports.sip);
    await this.#do(effects, call, requestOf(event)?.transaction ?? null);
    if (event.kind === "deadline") renewLeases(call, this.#shell);
    return "done";
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
    const { version, doubtful } = this.#record;
    this.#record.forget();
    this.#shell.callOver(call);
    const nowMs = this.#shell.ports.clock.now();
    const finish = finishOf(call, version, nowMs);
    await this.#shell.finished.finish(
      this.#unheard ? { ...finish, unheard: { ownWrite: doubtful?.document ?? null } } : finish,
    );
    traceCall(call, nowMs, this.#shell.ports);
  }

  #onMissing(mail: Mail, event: CallEvent): Promise<void> {
    this.#raced = true;
    return this.#failed.missing(mail, event);
  }

  #onBug(mail: Mail, bug: unknown): void {
    this.#log("error", "call event failed", { event: mail.event.kind, ...faultOf(bug) });
    this.#failed.fail(mail, mail.event, "internal-error");
  }

  #log(level: "info" | "error", message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#shell.ports.telemetry.log(level, message, { callId: this.#callId, ...fields });
  }
}
