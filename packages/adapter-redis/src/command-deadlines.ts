/** One command's time limit. */
export interface CommandDeadline {
  /** The command is over. */
  met(): void;
}

class Deadline implements CommandDeadline {
  readonly atMs: number;
  missed: (() => void) | null;

  constructor(atMs: number, missed: () => void) {
    this.atMs = atMs;
    this.missed = missed;
  }

  met(): void {
    this.missed = null;
  }
}

/**
 * The time limits of all commands of a connection. The limit is the same for all, so they stand in a queue and one timer looks at its head; a timer made
 * and taken back for every command would cost more than the look.
 */
export class CommandDeadlines {
  readonly #limitMs: number;
  #queue: Deadline[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** `missed` is called when the time is over and the deadline was not met. */
  add(missed: () => void): CommandDeadline {
    const deadline = new Deadline(performance.now() + this.#limitMs, missed);
    this.#queue.push(deadline);
    if (this.#timer === null) this.#look(this.#limitMs);
    return deadline;
  }

  #look(afterMs: number): void {
    // The connection keeps the process alive while commands wait, this need not.
    this.#timer = setTimeout(() => this.#check(), Math.max(1, Math.ceil(afterMs))).unref();
  }

  #check(): void {
    this.#timer = null;
    const nowMs = performance.now();
    const waiting = this.#queue.filter(({ missed, atMs }) => missed !== null && atMs > nowMs);
    const late = this.#queue.filter(({ atMs }) => atMs <= nowMs);
    this.#queue = waiting;
    for (const { missed } of late) missed?.();
    const [first] = this.#queue;
    if (first !== undefined && this.#timer === null) this.#look(first.atMs - nowMs);
  }
}
