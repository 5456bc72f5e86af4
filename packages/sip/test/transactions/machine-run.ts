import type { StartTimer, Step, StopTimer, TimerName } from "../../src/transactions/index.ts";

/** Any effect, as far as these helpers look at it. */
export type AnyEffect = { readonly type: string; readonly reason?: string } | StartTimer | StopTimer;

/** An effect in the words of the tables: `send-ack`, `fail timeout`, `start A 500`, `stop B`. */
export function wordsOf(effect: AnyEffect): string {
  if ("ms" in effect) return `start ${effect.timer} ${effect.ms}`;
  if ("timer" in effect) return `stop ${effect.timer}`;
  return "reason" in effect && effect.reason !== undefined ? `${effect.type} ${effect.reason}` : effect.type;
}

/** A machine driven as an endpoint would: it keeps the running timers and the effects seen. */
export class MachineRun<State extends { readonly name: string }, Input, Effect extends AnyEffect> {
  state: State;
  /** Due time by name. */
  readonly timers = new Map<TimerName, number>();
  readonly seen: string[] = [];
  now = 0;
  private readonly step: (state: State, input: Input) => Step<State, Effect>;

  constructor(first: Step<State, Effect>, step: (state: State, input: Input) => Step<State, Effect>) {
    this.step = step;
    this.state = first.state;
    this.take(first.effects);
  }

  give(input: Input): readonly string[] {
    const next = this.step(this.state, input);
    this.state = next.state;
    return this.take(next.effects);
  }

  /** Fires the timer that is due first; false when none runs. */
  fireNext(): boolean {
    const due = [...this.timers].sort((one, other) => one[1] - other[1])[0];
    if (due === undefined) return false;
    this.timers.delete(due[0]);
    this.now = due[1];
    this.give({ type: "timer", timer: due[0] } as Input);
    return true;
  }

  /** Fires timers until none runs. Throws after 1 000: such a machine never ends. */
  runOut(): void {
    for (let count = 0; this.fireNext(); count++) if (count > 1_000) throw new Error("timers never end");
  }

  count(effect: string): number {
    return this.seen.filter((each) => each === effect).length;
  }

  private take(effects: readonly Effect[]): readonly string[] {
    const words = effects.map((effect) => wordsOf(effect));
    this.seen.push(...words);
    for (const effect of effects) {
      if ("ms" in effect) this.timers.set(effect.timer, this.now + effect.ms);
      else if ("timer" in effect) this.timers.delete(effect.timer);
    }
    return words;
  }
}
