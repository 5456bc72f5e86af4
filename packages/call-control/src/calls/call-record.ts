import {
  err,
  ok,
  parseCall,
  transition,
  type Call,
  type CallEvent,
  type Effect,
  type Failure,
  type Result,
} from "@tandem/domain";
import type { CallStore, CallWrite, Clock, StoredCall } from "../ports/index.ts";
import { unlessAway } from "../timing/within.ts";
import { callWrite } from "./call-write.ts";
import { owedOf } from "./owed-effects.ts";

/**
 * `stored`; `conflict`: another worker wrote in between; `exists`: the call id is taken; `gone`: the call is over;
 * `unstored`: the store is away, the record lives in this process until it is back.
 */
export type SaveOutcome = "stored" | "conflict" | "exists" | "gone" | "unstored";

/** Events kept for a replay while they are not stored; a call that sees more during one outage loses the oldest. */
const MOST_UNSAVED = 64;

/** Longest that an emergency call waits for the store, unless it is known to be away. A write goes on; the call does not stand still for it. */
const EMERGENCY_WAIT_MS = 300;

/** As long as the store surely remembers a call that is over, milliseconds. */
const REMEMBERED_MS = 60_000;

/** An event whose outcome the store does not have, with what was done for it, and what the last replay asked for besides. */
interface Unsaved {
  readonly event: CallEvent;
  done: readonly Effect[];
  owed: readonly Effect[];
}

/**
 * One call's record as this process holds it: the state after the last event, the version the store has, and what is not stored yet.
 * All methods are called from the call's mailbox, one at a time; only a lazy write goes on in the background.
 */
export class CallRecord {
  readonly #callId: string;
  readonly #store: CallStore;
  readonly #clock: Clock;
  readonly #told: (outcome: SaveOutcome) => void;
  #call: Call | null = null;
  #version = 0;
  /** When the store was last known to have this version (epoch ms). */
  #seenMs = 0;
  /** Oldest first. */
  readonly #unsaved: Unsaved[] = [];
  #saving: Promise<SaveOutcome> | null = null;
  /** A write whose reply never came: the store may hold it. */
  #doubtful: CallWrite | null = null;

  /** `told` hears how a write ended that nobody waits for. */
  constructor(
    callId: string,
    ports: { readonly store: CallStore; readonly clock: Clock },
    told: (outcome: SaveOutcome) => void,
  ) {
    this.#callId = callId;
    this.#store = ports.store;
    this.#clock = ports.clock;
    this.#told = told;
  }

  get call(): Call | null {
    return this.#call;
  }

  get version(): number {
    return this.#version;
  }

  /** True while the store lacks something this process knows, or is being told. */
  get unsettled(): boolean {
    return this.unsaved || this.#saving !== null;
  }

  /** True while something waits for a write. */
  get unsaved(): boolean {
    return this.#unsaved.length > 0;
  }

  /** A write that the store may have, or may yet get, though no reply came; null: there is none. */
  get doubtful(): CallWrite | null {
    return this.#doubtful;
  }

  /** The state after an event, before it is stored. */
  commit(call: Call): void {
    this.#call = call;
  }

  /** A record that was read together with others (claimed). Ignored when this process already has the call. */
  adopt(stored: StoredCall): void {
    if (this.#call === null) this.#take(stored);
  }

  /** The call as this process knows it, else as the store has it; null when there is none. */
  async current(): Promise<Result<Call | null, Failure>> {
    return this.#call === null ? this.reload() : ok(this.#call);
  }

  /** As `current`, for an emergency call that was here before: a store that does not answer in a moment counts as away. */
  async currentSoon(): Promise<Result<Call | null, Failure>> {
    if (this.#call !== null) return ok(this.#call);
    const stored = await this.#soon(this.#store.load(this.#callId));
    if (stored === null) return err({ code: "store-unavailable", detail: `no answer within ${EMERGENCY_WAIT_MS} ms` });
    if (!stored.ok || stored.value === null) return stored as Result<null, Failure>;
    return this.#take(stored.value);
  }

  /** Reads the stored call and runs again what it lacks. What only the newer record asks for is owed then (`owed`). */
  async reload(): Promise<Result<Call | null, Failure>> {
    const stored = await this.#store.load(this.#callId);
    if (!stored.ok) return stored;
    this.#call = null;
    if (stored.value === null) return ok(null);
    const taken = this.#take(stored.value);
    if (!taken.ok) return taken;
    let call = taken.value;
    for (const unsaved of this.#unsaved) {
      const step = transition(call, unsaved.event, this.#clock.now());
      unsaved.owed = owedOf(step.effects, unsaved.done);
      call = step.call;
    }
    this.#call = call;
    return ok(call);
  }

  /** Effects that the last replay asked for and no run before had. */
  get owed(): readonly Effect[] {
    return this.#unsaved.flatMap(({ owed }) => owed);
  }

  /** What is owed is being done: another replay does not ask for it again. */
  payOwed(): void {
    for (const unsaved of this.#unsaved) {
      unsaved.done = [...unsaved.done, ...unsaved.owed];
      unsaved.owed = [];
    }
  }

  /** Writes the state after a replay and waits for it, before what is owed is done. On `conflict`, `exists` and `gone` a newer record asks for something else. */
  async saveOwed(call: Call): Promise<SaveOutcome> {
    const isEmergency = call.facts.emergency !== null;
    const earlier = await this.#earlierWrite(isEmergency);
    if (earlier !== "stored" && earlier !== "unstored") return earlier ?? "unstored";
    return isEmergency ? this.#writeWithin(call) : this.#write(call);
  }

  /** Writes the state after `event` and waits for it. On `conflict`, `exists` and `gone` the event counts as not run. */
  async save(call: Call, event: CallEvent, effects: readonly Effect[]): Promise<SaveOutcome> {
    const isEmergency = call.facts.emergency !== null;
    const earlier = await this.#earlierWrite(isEmergency);
    if (earlier === "conflict" || earlier === "gone" || earlier === "exists") return earlier;
    this.#remember({ event, done: effects, owed: [] });
    // The write that hangs ends as unstored some day, and everything goes with the next one.
    if (earlier === null) return "unstored";
    const outcome = isEmergency ? await this.#writeWithin(call) : await this.#write(call);
    if (outcome !== "stored" && outcome !== "unstored") this.#unsaved.pop();
    return outcome;
  }

  /**
   * `conflict`: another worker wrote the record since this process did. `stored` is everything else: a call whose record is gone has had its end from another worker, or the store lost it and
   * nobody but this one can end it; and a store that says nothing in the time an emergency call has cannot be asked.
   */
  async confirm(): Promise<"stored" | "conflict"> {
    return (await this.#soon(this.#compare())) ?? "stored";
  }

  /** Tries once more what `save` could not store. On `conflict`, `exists` and `gone` its event counts as not run. */
  async saveAgain(call: Call): Promise<SaveOutcome> {
    const outcome = await this.#write(call);
    if (outcome !== "stored" && outcome !== "unstored") this.#unsaved.pop();
    return outcome;
  }

  /** Notes that the state after `event` shall be stored by the next `flush` or `save`. */
  defer(event: CallEvent, effects: readonly Effect[]): void {
    this.#remember({ event, done: effects, owed: [] });
  }

  /** Writes what is deferred without waiting. */
  flush(): void {
    const call = this.#call;
    if (call === null || this.#unsaved.length === 0 || this.#saving !== null) return;
    this.#leaveAlone(this.#write(call));
  }

  /** Waits for a write under way. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  forget(): void {
    this.#call = null;
    this.#unsaved.length = 0;
  }

  #remember(unsaved: Unsaved): void {
    if (this.#unsaved.length >= MOST_UNSAVED) this.#unsaved.shift();
    this.#unsaved.push(unsaved);
  }

  #take(stored: StoredCall): Result<Call, Failure> {
    const call = parseCall(stored.document);
    if (!call.ok) return err({ code: "state-lost", detail: "the record has a shape this worker does not know" });
    this.#call = call.value;
    this.#version = stored.version;
    this.#seenMs = this.#clock.now();
    return ok(call.value);
  }

  async #compare(): Promise<"stored" | "conflict"> {
    const earlier = await this.#saving;
    if (earlier === "conflict" || earlier === "exists") return "conflict";
    const stored = await this.#store.load(this.#callId);
    if (!stored.ok || stored.value === null) return "stored";
    const { version, document } = stored.value;
    return version === this.#version || document === this.#doubtful?.document ? "stored" : "conflict";
  }

  /** How the write under way ended; null: it has not, and an emergency call waits no longer. */
  #earlierWrite(isEmergency: boolean): Promise<SaveOutcome | null> | SaveOutcome {
    if (this.#saving === null) return "stored";
    return isEmergency ? this.#soon(this.#saving) : this.#saving;
  }

  /** Writes, and gives up waiting for it after a moment. */
  async #writeWithin(call: Call): Promise<SaveOutcome> {
    const writing = this.#write(call);
    const outcome = await this.#soon(writing);
    if (outcome !== null) return outcome;
    this.#leaveAlone(writing);
    return "unstored";
  }

  /** What comes of it in the time an emergency call has, else null. */
  #soon<T>(answer: Promise<T>): Promise<T | null> {
    const isAway = this.#store.isAway(this.#callId);
    return unlessAway({ clock: this.#clock, limitMs: EMERGENCY_WAIT_MS, isAway }, answer, () => null);
  }

  #leaveAlone(writing: Promise<SaveOutcome>): void {
    const saving = writing.then((outcome) => {
      if (this.#saving === saving) this.#saving = null;
      this.#told(outcome);
      return outcome;
    });
    this.#saving = saving;
  }

  async #write(call: Call): Promise<SaveOutcome> {
    const included = this.#unsaved.length;
    const write = callWrite(call);
    const outcome = await this.#put(write);
    const settled = outcome === "conflict" || outcome === "exists" ? await this.#ownWrite(write, outcome) : outcome;
    if (settled === "stored") {
      this.#version += 1;
      this.#seenMs = this.#clock.now();
      this.#doubtful = null;
      this.#unsaved.splice(0, included);
    } else if (settled === "unstored") this.#doubtful = write;
    return settled;
  }

  async #put(write: CallWrite): Promise<SaveOutcome> {
    const result = this.#version === 0 ? await this.#store.create(write) : await this.#store.save(write, this.#version);
    if (!result.ok) return "unstored";
    if (result.value === "unknown") return this.#putLost(write);
    return result.value === "created" || result.value === "saved" ? "stored" : result.value;
  }

  /** The store had the record and lost it, with its primary: who still has the call makes it again. Not where it is so long ago that the call may be over, and forgotten. */
  async #putLost(write: CallWrite): Promise<SaveOutcome> {
    if (this.#clock.now() - this.#seenMs >= REMEMBERED_MS) return "gone";
    const made = await this.#store.create(write);
    if (!made.ok) return "unstored";
    if (made.value === "exists") return "conflict";
    this.#version = 0;
    return "stored";
  }

  /** A lost race may be against our own earlier write whose reply never came: then there was no race. */
  async #ownWrite(write: CallWrite, outcome: SaveOutcome): Promise<SaveOutcome> {
    if (this.#doubtful === null) return outcome;
    const stored = await this.#store.load(this.#callId);
    if (!stored.ok) return "unstored";
    if (stored.value?.document !== this.#doubtful.document) return outcome;
    this.#version = stored.value.version;
    return this.#put(write);
  }
}
