import type { Clock } from "@tandem/call-control";

/**
 * What became of an edge whose connection was lost. `gone`: its process has ended, and nobody but the workers has what it had to answer. `back`: it lives, and has offered that to a worker
 * again. `unreachable`: not known; it may serve others.
 */
export type EdgeFate = "gone" | "back" | "unreachable";

/**
 * How long it is tried to find out: a caller waits meanwhile. In steps, because a process that stood still must first hear what came meanwhile: between two steps, however late,
 * it does.
 */
const STEP_MS = 200;
const STEPS = 10;

export interface Loss {
  /** The instance that was lost; empty for an edge that tells none. */
  readonly instance: string;
  /** The far end ended the connection, as against a silence or a fault seen here. */
  readonly hungUp: boolean;
}

/** Learns from the attempts to connect again whether the edge still lives. `learned` is told once. */
export class LostEdge {
  readonly #loss: Loss;
  readonly #learned: (fate: EdgeFate) => void;
  readonly #clock: Clock;
  #cancelTimer: () => void = () => undefined;
  #open = true;

  constructor(loss: Loss, clock: Clock, learned: (fate: EdgeFate) => void) {
    this.#loss = loss;
    this.#learned = learned;
    this.#clock = clock;
    this.#wait(STEPS);
  }

  /** Nothing is known yet. */
  get open(): boolean {
    return this.#open;
  }

  /** Something answered at its address. */
  connected(instance: string): void {
    this.#end(instance === this.#loss.instance ? "back" : "gone");
  }

  /** Nobody listens at its address. */
  refused(): void {
    this.#end("gone");
  }

  /** Nobody wants to know any more. */
  close(): void {
    this.#open = false;
    this.#cancelTimer();
  }

  /** An edge that ended the connection and takes no new one was stopped and is no more; one that fell silent may only be cut off from here. */
  #wait(steps: number): void {
    if (steps === 0) return this.#end(this.#loss.hungUp ? "gone" : "unreachable");
    this.#cancelTimer = this.#clock.after(STEP_MS, () => this.#wait(steps - 1));
  }

  #end(fate: EdgeFate): void {
    if (!this.#open) return;
    this.close();
    this.#learned(fate);
  }
}
