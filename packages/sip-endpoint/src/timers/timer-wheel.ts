import type { Clock } from "./clock.ts";

/** Whoever has timers running. `name` is what it was scheduled with. */
export interface TimerOwner<Name extends string> {
  onTimer(name: Name): void;
}

/** A timer that was scheduled; the handle to cancel it. */
export interface WheelTimer {
  cancel(): void;
}

const SLOTS = 2_048;
const DEFAULT_TICK_MS = 15;

/**
 * All timers of an endpoint on one system timer: a hashed wheel of 2 048 slots, so that scheduling and cancelling cost the same
 * however many run (at 1 000 calls/s tens of thousands do, and most are cancelled). A timer fires up to one tick late, never early.
 * The system timer only runs while any timer does.
 */
export class TimerWheel {
  private readonly clock: Clock;
  private readonly tickMs: number;
  private readonly slots: (Entry | undefined)[] = Array.from({ length: SLOTS });
  private readonly startedAt: number;
  private currentTick = 0;
  private running = 0;
  private stopTicking: (() => void) | undefined = undefined;

  constructor(clock: Clock, tickMs = DEFAULT_TICK_MS) {
    this.clock = clock;
    this.tickMs = tickMs;
    this.startedAt = clock.monotonic();
  }

  /** How many timers run. */
  get size(): number {
    return this.running;
  }

  /** Calls `owner.onTimer(name)` once after `delayMs`. */
  schedule<Name extends string>(delayMs: number, owner: TimerOwner<Name>, name: Name): WheelTimer {
    if (this.running === 0 && this.stopTicking === undefined) this.startTicking();
    const due = this.clock.monotonic() - this.startedAt + Math.max(delayMs, 0);
    const dueTick = Math.max(Math.ceil(due / this.tickMs), this.currentTick + 1);
    const entry = new Entry(this, { dueTick, owner, name });
    this.link(entry);
    return entry;
  }

  /** Forgets every timer; none fires any more. */
  stop(): void {
    this.slots.fill(undefined);
    this.running = 0;
    this.stopTicking?.();
    this.stopTicking = undefined;
  }

  /** @internal Takes an entry out of its slot. */
  unlink(entry: Entry): void {
    const slot = entry.dueTick % SLOTS;
    if (entry.previous === undefined) this.slots[slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    this.running--;
  }

  private link(entry: Entry): void {
    const slot = entry.dueTick % SLOTS;
    const first = this.slots[slot];
    entry.next = first;
    if (first !== undefined) first.previous = entry;
    this.slots[slot] = entry;
    this.running++;
  }

  private startTicking(): void {
    // Nothing was due while nothing ran.
    this.currentTick = Math.floor((this.clock.monotonic() - this.startedAt) / this.tickMs);
    this.stopTicking = this.clock.every(this.tickMs, () => this.tick());
  }

  private tick(): void {
    if (this.running === 0) {
      this.stopTicking?.();
      this.stopTicking = undefined;
      return;
    }
    const target = Math.floor((this.clock.monotonic() - this.startedAt) / this.tickMs);
    // After a stall of more than a turn every slot is looked at once.
    const from = Math.max(this.currentTick + 1, target - SLOTS + 1);
    const due: Entry[] = [];
    for (let tick = from; tick <= target; tick++) this.collectDue(tick % SLOTS, target, due);
    this.currentTick = Math.max(target, this.currentTick);
    if (target - from > 1) due.sort((one, other) => one.dueTick - other.dueTick);
    for (const entry of due) entry.fire();
  }

  private collectDue(slot: number, target: number, due: Entry[]): void {
    let entry = this.slots[slot];
    while (entry !== undefined) {
      const next: Entry | undefined = entry.next;
      if (entry.dueTick <= target) {
        this.unlink(entry);
        entry.state = "due";
        due.push(entry);
      }
      entry = next;
    }
  }
}

interface EntryParts {
  readonly dueTick: number;
  readonly owner: TimerOwner<string>;
  readonly name: string;
}

class Entry implements WheelTimer {
  readonly dueTick: number;
  state: "waiting" | "due" | "over" = "waiting";
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  private readonly wheel: TimerWheel;
  private readonly owner: TimerOwner<string>;
  private readonly name: string;

  constructor(wheel: TimerWheel, parts: EntryParts) {
    this.wheel = wheel;
    this.dueTick = parts.dueTick;
    this.owner = parts.owner;
    this.name = parts.name;
  }

  cancel(): void {
    if (this.state === "waiting") this.wheel.unlink(this);
    this.state = "over";
  }

  /** A timer cancelled by one that fired in the same tick does not fire. */
  fire(): void {
    if (this.state !== "due") return;
    this.state = "over";
    this.owner.onTimer(this.name);
  }
}
