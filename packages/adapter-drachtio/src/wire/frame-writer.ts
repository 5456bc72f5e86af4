import type { WireEncoding } from "./frame-decoder.ts";
import { LineLoad } from "./line-load.ts";

/** What the writer needs of a socket. */
interface FrameSink {
  readonly destroyed: boolean;
  /** Octets accepted and not yet given to the system. */
  readonly writableLength: number;
  write(text: string, encoding: WireEncoding, done: () => void): boolean;
}

export interface FrameWriterOptions {
  readonly sink: FrameSink;
  readonly encoding: WireEncoding;
  /** Octets waiting to be taken by the peer above which `onOverflow` is called (once) and later frames are discarded. */
  readonly maxPendingOctets: number;
  readonly onOverflow: () => void;
  /** Octets waiting above which reading from the same peer should pause; `onDrained` follows when none is waiting any more. */
  readonly congestedOctets: number;
  readonly onCongested: () => void;
  readonly onDrained: () => void;
  readonly now: () => number;
}

/**
 * On a busy line frames wait this long for others (ms): both ends wake up for several messages instead of for each, which is a fifth of what a call
 * costs (docs/performance.md). On a line that is not busy nothing waits.
 */
const GATHER_MS = 3;

/** A batch this long is handed over at once. */
const BATCH_OCTETS = 64 * 1024;

/**
 * Writes `<length>#<payload>` frames whole and in order. Frames of one turn of the event loop, on a busy line those of a few turns, become
 * one write, because the system call and the wake-up of the peer cost more than everything else done for a frame. A peer that does not read never makes memory grow beyond `maxPendingOctets`.
 */
export class FrameWriter {
  /** May be changed between two frames (after authentication). */
  encoding: WireEncoding;
  readonly #options: FrameWriterOptions;
  readonly #load = new LineLoad();
  #batch = "";
  #ascii = true;
  #scheduled = false;
  #writing = 0;
  #progressMs = 0;
  #congested = false;
  #overflowed = false;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
    this.encoding = options.encoding;
  }

  /** Queues one frame; the payload's first token is the message id. */
  send(payload: string): void {
    if (this.#overflowed) return;
    const length = this.encoding === "utf8" ? Buffer.byteLength(payload) : payload.length;
    if (length !== payload.length) this.#ascii = false;
    this.#batch += `${length}#${payload}`;
    const busy = this.#load.note(this.#options.now());
    const pending = this.pending;
    if (pending > this.#options.maxPendingOctets) return this.#overflow();
    if (pending > this.#options.congestedOctets && !this.#congested) {
      this.#congested = true;
      this.#options.onCongested();
    }
    if (this.#batch.length > BATCH_OCTETS) return this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (busy) setTimeout(this.#turnEnd, GATHER_MS);
    else setImmediate(this.#turnEnd);
  }

  /** Octets queued here or in the socket. */
  get pending(): number {
    return this.#batch.length + this.#options.sink.writableLength;
  }

  /** Milliseconds since the peer's side last took anything while something is waiting; 0 when nothing is. */
  stalledMs(nowMs: number): number {
    return this.#writing === 0 ? 0 : nowMs - this.#progressMs;
  }

  /** Hands over what is queued now instead of later. */
  flush(): void {
    if (this.#batch === "" || this.#options.sink.destroyed) return;
    const batch = this.#batch;
    // ASCII text is the same in both encodings, and latin1 is the cheaper write.
    const encoding = this.#ascii ? "latin1" : this.encoding;
    this.#batch = "";
    this.#ascii = true;
    if (this.#writing === 0) this.#progressMs = this.#options.now();
    this.#writing += 1;
    this.#options.sink.write(batch, encoding, this.#written);
  }

  readonly #turnEnd = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  readonly #written = (): void => {
    this.#writing -= 1;
    this.#progressMs = this.#options.now();
    if (this.#writing > 0 || this.#batch !== "" || !this.#congested) return;
    this.#congested = false;
    this.#options.onDrained();
  };

  #overflow(): void {
    this.#overflowed = true;
    this.#batch = "";
    this.#options.onOverflow();
  }
}
