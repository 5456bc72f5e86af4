import type { TimerName } from "@tandem/sip";
import type { TimerOwner, TimerWheel, WheelTimer } from "../timers/timer-wheel.ts";

/** The few timers of one transaction. */
export class TransactionTimers {
  private readonly wheel: TimerWheel;
  private readonly owner: TimerOwner<TimerName>;
  private readonly names: TimerName[] = [];
  private readonly timers: WheelTimer[] = [];

  constructor(wheel: TimerWheel, owner: TimerOwner<TimerName>) {
    this.wheel = wheel;
    this.owner = owner;
  }

  start(name: TimerName, ms: number): void {
    this.stop(name);
    this.names.push(name);
    this.timers.push(this.wheel.schedule(ms, this.owner, name));
  }

  stop(name: TimerName): void {
    const index = this.names.indexOf(name);
    if (index < 0) return;
    this.timers[index]?.cancel();
    this.forget(index);
  }

  /** A timer fired: it no longer runs. */
  fired(name: TimerName): void {
    const index = this.names.indexOf(name);
    if (index >= 0) this.forget(index);
  }

  stopAll(): void {
    for (const timer of this.timers) timer.cancel();
    this.names.length = 0;
    this.timers.length = 0;
  }

  private forget(index: number): void {
    this.names.splice(index, 1);
    this.timers.splice(index, 1);
  }
}
