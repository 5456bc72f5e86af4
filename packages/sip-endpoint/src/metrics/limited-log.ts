import type { EndpointLog } from "../config.ts";
import type { Clock } from "../timers/clock.ts";

const PER_SECOND = 10;

/**
 * The endpoint's log with a limit: at most ten lines of one message a second. What bad peers send must not fill the disk; the next
 * line tells how many were left out, and the counters miss none.
 */
export class LimitedLog {
  private readonly log: EndpointLog | undefined;
  private readonly clock: Clock;
  private readonly windows = new Map<string, { startedAt: number; lines: number; leftOut: number }>();

  constructor(log: EndpointLog | undefined, clock: Clock) {
    this.log = log;
    this.clock = clock;
  }

  /** `message` is one of a fixed set. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    if (this.log === undefined) return;
    const now = this.clock.monotonic();
    let window = this.windows.get(message);
    if (window === undefined) {
      window = { startedAt: now, lines: 0, leftOut: 0 };
      this.windows.set(message, window);
    }
    if (now - window.startedAt >= 1_000) {
      window.startedAt = now;
      window.lines = 0;
    }
    if (window.lines >= PER_SECOND) {
      window.leftOut++;
      return;
    }
    window.lines++;
    this.log.warn(window.leftOut > 0 ? { ...fields, leftOut: window.leftOut } : fields, message);
    window.leftOut = 0;
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.log?.info(fields, message);
  }
}
