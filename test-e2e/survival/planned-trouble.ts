import { setTimeout as delay } from "node:timers/promises";
import type { Disturbance, Fault, FaultKind } from "./faults.ts";

/** One thing that is done to the cluster, a while after the calls began. */
export interface Blow {
  readonly kind: FaultKind;
  readonly target: string;
  /** From the first call (ms). */
  readonly afterMs: number;
  readonly strike: () => Promise<void>;
}

/** The same thing at the same time, every run. */
export class PlannedTrouble implements Disturbance {
  readonly done: Fault[] = [];
  readonly #blow: Blow;
  #struck: Promise<void> = Promise.resolve();

  constructor(blow: Blow) {
    this.#blow = blow;
  }

  start(): void {
    this.#struck = this.#strike();
    // Whoever stops it hears of a failure; until then it is nobody's surprise.
    this.#struck.catch(() => undefined);
  }

  /** Rejects when it could not be done. */
  stop(): Promise<void> {
    return this.#struck;
  }

  async #strike(): Promise<void> {
    const { kind, target, afterMs, strike } = this.#blow;
    await delay(afterMs);
    this.done.push({ kind, target, atMs: Date.now() });
    await strike();
  }
}
