import type { Clock } from "@tandem/call-control";

/**
 * Octets of frames that a stock server was sent and has not answered. It reads up to 8 192 octets at once into a ring of 12 228 and writes over what does
 * not fit, so frames sent back to back are lost long before the ring seems full; half a read is always safe.
 */
const WINDOW_OCTETS = 4_000;
/** A frame alone in the ring may be as long as it; what is longer stalls the connection for good. */
export const MAX_STOCK_FRAME_OCTETS = 12_000;
/** A frame without reply for so long will have none (ms). */
const REPLY_MS = 2_000;

interface Unanswered {
  readonly octets: number;
  readonly sentMs: number;
}

/** Sends frames to a stock server only as fast as it answers them. Every frame has one reply, which names it. */
export class FrameWindow {
  readonly #send: (payload: string) => void;
  readonly #clock: Clock;
  readonly #queue: string[] = [];
  readonly #unanswered = new Map<string, Unanswered>();
  #octets = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(send: (payload: string) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Frames not sent yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Sends the frame now or when there is room; `payload` begins with its message id. */
  send(payload: string): void {
    this.#queue.push(payload);
    this.#fill();
  }

  /** The server answered the frame of this id. */
  answered(id: string): void {
    this.#forget(id);
    this.#fill();
  }

  /** The connection is gone, and what waits with it. */
  lose(): void {
    this.#queue.length = 0;
    this.#unanswered.clear();
    this.#octets = 0;
    this.#watch();
  }

  #fill(): void {
    this.#forgetOld();
    for (let next = this.#queue[0]; next !== undefined && this.#hasRoom(next); next = this.#queue[0]) {
      this.#queue.shift();
      this.#unanswered.set(next.slice(0, next.indexOf("|")), { octets: next.length, sentMs: this.#clock.now() });
      this.#octets += next.length;
      this.#send(next);
    }
    this.#watch();
  }

  #hasRoom(next: string): boolean {
    return this.#octets + next.length <= WINDOW_OCTETS || this.#unanswered.size === 0;
  }

  /** Where frames wait, there is room at the latest when the oldest unanswered one is given up, although nothing else happens. */
  #watch(): void {
    const [oldest] = this.#unanswered.values();
    if (this.#queue.length === 0 || oldest === undefined) {
      this.#cancelTimer?.();
      this.#cancelTimer = null;
      return;
    }
    const delayMs = Math.max(0, oldest.sentMs + REPLY_MS - this.#clock.now());
    this.#cancelTimer ??= this.#clock.after(delayMs, () => {
      this.#cancelTimer = null;
      this.#fill();
    });
  }

  #forget(id: string): void {
    this.#octets -= this.#unanswered.get(id)?.octets ?? 0;
    this.#unanswered.delete(id);
  }

  #forgetOld(): void {
    const limit = this.#clock.now() - REPLY_MS;
    for (const [id, { sentMs }] of this.#unanswered) {
      if (sentMs > limit) return;
      this.#forget(id);
    }
  }
}
