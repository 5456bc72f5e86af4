import { callbackKey, err, ok, type Failure, type Result } from "@tandem/domain";
import type { Callback, CallbackBook, CallbackEnd, CallbackEntry, Unwatch } from "../ports/index.ts";

interface Loan {
  readonly elin: string;
  readonly who: string;
  readonly callId: string;
  untilMs: number;
}

const AWAY: Failure = { code: "store-unavailable", detail: "the fake book is away" };

/** The CallbackBook contract in memory. `away` makes every operation fail, `hold` decides when each one runs. */
export class FakeCallbackBook implements CallbackBook {
  readonly entries = new Map<string, Callback>();
  away = false;
  /** Found not to answer: nobody in a hurry waits. */
  foundAway = false;
  hold: (operation: string) => Promise<void> = () => Promise.resolve();
  #loans: Loan[] = [];
  readonly #lentMs = new Map<string, number>();
  readonly #watchers = new Set<() => void>();

  isAway(): boolean {
    return this.foundAway;
  }

  remember(entry: CallbackEntry): Promise<Result<{ readonly elin: string | null }, Failure>> {
    return this.#run("remember", () => {
      const { caller, nowMs, untilMs } = entry;
      this.#purge(nowMs);
      const key = callbackKey(entry.callbackNumber);
      const who = key === "" ? caller.callId : key;
      const elin = this.#choose(entry.elins, who);
      if (elin !== null) {
        this.#loans = this.#loans.filter((loan) => loan.callId !== caller.callId);
        this.#loans.push({ elin, who, callId: caller.callId, untilMs });
        this.#lentMs.set(elin, nowMs);
      }
      for (const each of [key, elin === null ? "" : callbackKey(elin)]) {
        if (each !== "") this.entries.set(each, { key: each, caller, untilMs });
      }
      this.#changed();
      return { elin };
    });
  }

  end({ callId, callbackNumber, elin, nowMs, untilMs }: CallbackEnd): Promise<Result<void, Failure>> {
    return this.#run("end", () => {
      for (const key of [callbackKey(callbackNumber), elin === null ? "" : callbackKey(elin)]) {
        const entry = this.entries.get(key);
        if (entry?.caller.callId === callId) this.entries.set(key, { ...entry, untilMs });
      }
      for (const loan of this.#loans) if (loan.callId === callId) loan.untilMs = untilMs;
      this.#purge(nowMs);
      this.#changed();
    });
  }

  find(number: string, nowMs: number): Promise<Result<Callback | null, Failure>> {
    return this.#run("find", () => {
      const entry = this.entries.get(callbackKey(number));
      return entry !== undefined && entry.untilMs > nowMs ? entry : null;
    });
  }

  all(nowMs: number): Promise<Result<readonly Callback[], Failure>> {
    return this.#run("all", () => [...this.entries.values()].filter(({ untilMs }) => untilMs > nowMs));
  }

  async watch(onChange: () => void): Promise<Result<Unwatch, Failure>> {
    const watching = await this.#run("watch", () => this.#watchers.add(onChange));
    return watching.ok ? ok(() => Promise.resolve(void this.#watchers.delete(onChange))) : watching;
  }

  #choose(elins: readonly string[], who: string): string | null {
    const mine = elins.find((elin) => this.#loans.some((loan) => loan.elin === elin && loan.who === who));
    const users = (elin: string): number =>
      new Set(this.#loans.filter((loan) => loan.elin === elin).map((loan) => loan.who)).size;
    const lentMs = (elin: string): number => this.#lentMs.get(elin) ?? 0;
    const order = elins.toSorted((a, b) => users(a) - users(b) || lentMs(a) - lentMs(b));
    return mine ?? order[0] ?? null;
  }

  #purge(nowMs: number): void {
    for (const [key, { untilMs }] of this.entries) if (untilMs <= nowMs) this.entries.delete(key);
    this.#loans = this.#loans.filter(({ untilMs }) => untilMs > nowMs);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  async #run<T>(operation: string, act: () => T): Promise<Result<T, Failure>> {
    await this.hold(operation);
    return this.away ? err(AWAY) : ok(act());
  }
}
