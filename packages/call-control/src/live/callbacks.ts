import { callbackKey, spread } from "@tandem/domain";
import type { Callback, CallbackBook, CallbackEnd, CallbackEntry, Clock, Telemetry, Unwatch } from "../ports/index.ts";
import { repeat } from "../timing/repeat.ts";
import { unlessAway } from "../timing/within.ts";

export interface CallbackParts {
  readonly callbacks: CallbackBook;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Longest that an emergency INVITE waits for the book. */
const REMEMBER_MS = 200;
/** Longest that a call which may be a callback waits for the book's answer. */
const FIND_MS = 300;
/** What the book does not have is offered to it again this often, and the whole book is read again. */
const RETRY_MS = 1_000;
const READ_MS = 10_000;
/** Emergency calls whose entry the book does not have; the oldest is forgotten first. */
const MOST_OWED = 1_000;

/** What the book shall hold of one call. */
interface Owed {
  readonly entry: CallbackEntry;
  readonly elin: string | null;
  /** The call is over already. */
  readonly end: CallbackEnd | null;
}

/**
 * The callbacks as this worker knows them: a copy of the book, and what the book could not take yet. A call asks the copy, so that an ordinary call waits
 * for nothing; the book being away costs no emergency call its ELIN.
 */
export class Callbacks {
  readonly #parts: CallbackParts;
  #known: ReadonlyMap<string, Callback> = new Map();
  readonly #owed = new Map<string, Owed>();
  /** Ends of calls whose entry the book has. */
  readonly #owedEnds = new Map<string, CallbackEnd>();
  #unwatch: Unwatch | null = null;
  #stops: (() => Promise<void>)[] = [];

  constructor(parts: CallbackParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#stops = [
      repeat(clock, RETRY_MS, async () => {
        await this.#payOff();
        return "rest";
      }),
      repeat(clock, READ_MS, async () => {
        await this.#follow();
        return "rest";
      }),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
    await this.#unwatch?.();
  }

  /** Who is behind a number now, as far as this worker knows. */
  reached(number: string): Callback | null {
    const key = callbackKey(number);
    const nowMs = this.#parts.clock.now();
    const own = this.#ownEntry(key);
    const found = own ?? this.#known.get(key);
    return found !== undefined && found.untilMs > nowMs ? found : null;
  }

  /** The same, asking the book; bounded in time. */
  async find(number: string): Promise<Callback | null> {
    const own = this.reached(number);
    if (own !== null) return own;
    const { callbacks, clock } = this.#parts;
    const bounds = { clock, limitMs: FIND_MS, isAway: callbacks.isAway() };
    const found = await unlessAway(bounds, callbacks.find(number, clock.now()), () => null);
    return found?.ok === true ? found.value : null;
  }

  /**
   * Remembers the caller and lends an ELIN. Bounded and never failing: without the book an ELIN is chosen by the call's id, and the book is told later.
   */
  async remember(entry: CallbackEntry): Promise<string | null> {
    const { callbacks, clock, telemetry } = this.#parts;
    const bounds = { clock, limitMs: REMEMBER_MS, isAway: callbacks.isAway() };
    const noted = await unlessAway(bounds, callbacks.remember(entry), () => null);
    if (noted?.ok === true) return noted.value.elin;
    telemetry.log("warn", "a callback is kept in memory until it can be stored", {
      callId: entry.caller.callId,
    });
    const elin = entry.elins[Math.floor(spread(entry.caller.callId, "elin") * entry.elins.length)] ?? null;
    this.#owe({ entry: { ...entry, elins: elin === null ? [] : [elin] }, elin, end: null });
    return elin;
  }

  /** The call is over: its window runs from now on. */
  async end(end: CallbackEnd): Promise<void> {
    const owed = this.#owed.get(end.callId);
    if (owed !== undefined) return this.#owe({ ...owed, end });
    const ended = await this.#parts.callbacks.end(end);
    if (!ended.ok) this.#owedEnds.set(end.callId, end);
    return undefined;
  }

  #owe(owed: Owed): void {
    this.#owed.delete(owed.entry.caller.callId);
    this.#owed.set(owed.entry.caller.callId, owed);
    const [oldest] = this.#owed.keys();
    if (this.#owed.size > MOST_OWED && oldest !== undefined) this.#owed.delete(oldest);
  }

  async #payOff(): Promise<void> {
    await this.#payOffEntries();
    for (const [callId, end] of this.#owedEnds) {
      const told = end.untilMs <= this.#parts.clock.now() || (await this.#parts.callbacks.end(end)).ok;
      if (!told) return;
      this.#owedEnds.delete(callId);
    }
  }

  #ownEntry(key: string): Callback | undefined {
    if (key === "") return undefined;
    for (const { entry, elin, end } of this.#owed.values()) {
      const keys = [callbackKey(entry.callbackNumber), callbackKey(elin ?? "")];
      if (keys.includes(key)) return { key, caller: entry.caller, untilMs: end?.untilMs ?? entry.untilMs };
    }
    return undefined;
  }

  async #payOffEntries(): Promise<void> {
    const { callbacks, clock } = this.#parts;
    for (const [callId, owed] of this.#owed) {
      const lapsed = (owed.end?.untilMs ?? owed.entry.untilMs) <= clock.now();
      if (!lapsed) {
        const noted = await callbacks.remember(owed.entry);
        if (!noted.ok) return;
        if (owed.end !== null && !(await callbacks.end(owed.end)).ok) return;
      }
      // Ended meanwhile: the next turn tells that, too.
      if (this.#owed.get(callId) === owed) this.#owed.delete(callId);
    }
  }

  async #follow(): Promise<void> {
    if (this.#unwatch === null) {
      const watched = await this.#parts.callbacks.watch(() => void this.#read());
      if (watched.ok) this.#unwatch = watched.value;
    }
    await this.#read();
  }

  /** What cannot be read stays as it was. */
  async #read(): Promise<void> {
    const { callbacks, clock } = this.#parts;
    const all = await callbacks.all(clock.now());
    if (all.ok) this.#known = new Map(all.value.map((callback) => [callback.key, callback]));
  }
}
