import type { TimerName } from "@tandem/sip";
import type { TimerOwner, TimerWheel, WheelTimer } from "../timers/timer-wheel.ts";

interface Running {
  readonly name: TimerName;
  readonly timer: WheelTimer;
}

/** The few timers of one transaction. The list is made anew when it changes: one that grows keeps room for seventeen, and most hold one for 32 s. */
export class TransactionTimers {
  private readonly wheel: TimerWheel;
  private readonly owner: TimerOwner<TimerName>;
  private running: readonly Running[] = NONE;

  constructor(wheel: TimerWheel, owner: TimerOwner<TimerName>) {
    this.wheel = wheel;
    this.owner = owner;
  }

  start(name: TimerName, ms: number): void {
    this.stop(name);
    const started = { name, timer: this.wheel.schedule(ms, this.owner, name) };
    this.running = this.running.length === 0 ? [started] : [...this.running, started];
  }

  stop(name: TimerName): void {
    const stopped = this.running.find((each) => each.name === name);
    if (stopped === undefined) return;
    stopped.timer.cancel();
    this.forget(stopped);
  }

  /** A timer fired: it no longer runs. */
  fired(name: TimerName): void {
    const fired = this.running.find((each) => each.name === name);
    if (fired !== undefined) this.forget(fired);
  }

  stopAll(): void {
    for (const { timer } of this.running) timer.cancel();
    this.running = NONE;
  }

  private forget(over: Running): void {
    this.running = this.running.length === 1 ? NONE : this.running.filter((each) => each !== over);
  }
}

const NONE: readonly Running[] = [];
