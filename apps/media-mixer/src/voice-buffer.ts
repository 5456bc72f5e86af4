/** Samples of one period of mixing: 20 ms at 8 kHz. */
export const FRAME_SAMPLES = 160;

/** How much is held back so that packets may come late: 40 ms. */
const DELAY_SAMPLES = 2 * FRAME_SAMPLES;
/** A buffer that holds more than this for a second lets a frame go: the sender's clock is faster than ours, or its packets came in a heap. While it goes on so, every tenth. */
const MOST_HELD = DELAY_SAMPLES + 2 * FRAME_SAMPLES;
const PATIENCE_FRAMES = 50;
const CATCH_UP_FRAMES = 10;
/** A second; a power of two, so that places go on where timestamps begin again at 0. */
const RING_SAMPLES = 8_192;

/**
 * What one participant says, in order and at our own pace. Packets may be of any length, late, doubled or missing; what is missing is silence. A participant
 * that was silent for a while, or jumped in time, begins anew.
 */
export class VoiceBuffer {
  readonly #ring = new Int16Array(RING_SAMPLES);
  /** Timestamp of the next sample that is taken; null: nothing is held. */
  #next: number | null = null;
  /** Samples from there to the end of the latest packet. */
  #held = 0;
  #tooFull = 0;
  #ssrc = 0;

  put(ssrc: number, timestamp: number, samples: Int16Array): void {
    if (this.#next === null || ssrc !== this.#ssrc || this.#isFar(this.#next, timestamp, samples.length)) {
      this.#begin(ssrc, timestamp);
    }
    // Modulo 2^32 (RFC 3550 §5.1): the difference of two timestamps has a sign.
    const ahead = (timestamp - (this.#next ?? 0)) | 0;
    for (const [at, sample] of samples.entries()) {
      if (ahead + at >= 0) this.#ring[((timestamp + at) >>> 0) % RING_SAMPLES] = sample;
    }
    this.#held = Math.max(this.#held, ahead + samples.length);
  }

  /** The next 20 ms; null while nothing is held. */
  take(): Int16Array | null {
    if (this.#next === null) return null;
    this.#tooFull = this.#held > MOST_HELD ? this.#tooFull + 1 : 0;
    if (this.#tooFull > PATIENCE_FRAMES) {
      this.#tooFull -= CATCH_UP_FRAMES;
      this.#pass();
    }
    const frame = this.#pass();
    if (this.#held <= 0) this.#next = null;
    return frame;
  }

  #pass(): Int16Array {
    const from = this.#next ?? 0;
    const frame = new Int16Array(FRAME_SAMPLES);
    for (let at = 0; at < FRAME_SAMPLES; at += 1) {
      const place = ((from + at) >>> 0) % RING_SAMPLES;
      frame[at] = this.#ring[place] ?? 0;
      this.#ring[place] = 0;
    }
    this.#next = (from + FRAME_SAMPLES) >>> 0;
    this.#held -= FRAME_SAMPLES;
    return frame;
  }

  #isFar(next: number, timestamp: number, length: number): boolean {
    const ahead = (timestamp - next) | 0;
    return ahead + length > RING_SAMPLES || ahead < -RING_SAMPLES;
  }

  #begin(ssrc: number, timestamp: number): void {
    this.#ring.fill(0);
    this.#ssrc = ssrc;
    this.#next = (timestamp - DELAY_SAMPLES) >>> 0;
    this.#held = 0;
    this.#tooFull = 0;
  }
}
