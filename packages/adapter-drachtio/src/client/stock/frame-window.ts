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
  readonly #now: () => number;
  readonly #queue: string[] = [];
  readonly #unanswered = new Map<string, Unanswered>();
  #octets = 0;

  constructor(send: (payload: string) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
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

  #fill(): void {
    this.#forgetOld();
    for (;;) {
      const [next] = this.#queue;
      if (next === undefined) return;
      const hasRoom = this.#octets + next.length <= WINDOW_OCTETS || this.#unanswered.size === 0;
      if (!hasRoom) return;
      this.#queue.shift();
      this.#unanswered.set(next.slice(0, next.indexOf("|")), { octets: next.length, sentMs: this.#now() });
      this.#octets += next.length;
      this.#send(next);
    }
  }

  #forget(id: string): void {
    this.#octets -= this.#unanswered.get(id)?.octets ?? 0;
    this.#unanswered.delete(id);
  }

  #forgetOld(): void {
    const limit = this.#now() - REPLY_MS;
    for (const [id, { sentMs }] of this.#unanswered) {
      if (sentMs > limit) return;
      this.#forget(id);
    }
  }
}
