import type { Clock } from "../ports/index.ts";

/** Names that get their turn together, by one timer for all: a timer of its own for each call would cost more than its turn. */
export class Rota {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #turn: (name: string) => void;
  #names = new Set<string>();
  #cancel: (() => void) | null = null;

  /** Each name gets its turn within `afterMs` of being added, once. */
  constructor(clock: Clock, afterMs: number, turn: (name: string) => void) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#turn = turn;
  }

  get size(): number {
    return this.#names.size;
  }

  add(name: string): void {
    this.#names.add(name);
    this.#cancel ??= this.#clock.after(this.#afterMs, () => this.#run());
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #run(): void {
    this.#cancel = null;
    const names = this.#names;
    this.#names = new Set();
    for (const name of names) this.#turn(name);
  }
}
