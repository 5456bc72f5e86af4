import { isAscii } from "node:buffer";

/**
 * How the bytes of a payload become a string: `utf8` for applications that authenticated with the tag `octets` (each octet of the
 * SIP text is one character up to U+00FF), `latin1` for every other application (the bytes as they came).
 */
export type WireEncoding = "utf8" | "latin1";

/** Why a stream of frames cannot be read any further. */
export type FrameFault = "bad-length" | "frame-too-large" | "not-octets";

export interface FrameDecoderOptions {
  /** Longest payload accepted, in bytes. */
  readonly maxFrameBytes: number;
  readonly encoding: WireEncoding;
}

const HASH = 0x23;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** Enough for any bound a process can hold; stops a peer that sends digits for ever. */
const MAX_LENGTH_DIGITS = 10;

/**
 * Reads `<length>#<payload>` frames from a byte stream split anywhere. Memory held for an incomplete frame never exceeds
 * `maxFrameBytes`, whatever length the peer announces and however small its segments are.
 */
export class FrameDecoder {
  /** May be changed between two frames (after authentication). */
  encoding: WireEncoding;
  /** May be changed between two frames (after authentication). */
  maxFrameBytes: number;
  #digits = 0;
  #length = 0;
  #partial: Buffer | null = null;
  #filled = 0;

  constructor(options: FrameDecoderOptions) {
    this.encoding = options.encoding;
    this.maxFrameBytes = options.maxFrameBytes;
  }

  /** True while a frame has begun and is not complete. */
  get midFrame(): boolean {
    return this.#partial !== null || this.#digits > 0;
  }

  /**
   * Feeds bytes and hands every complete payload to `onFrame`, in order. Returns the fault that makes the stream unreadable (feed no
   * more then), else null. `onFrame` returns false to stop: the rest of the chunk is discarded.
   */
  push(chunk: Buffer, onFrame: (payload: string) => boolean): FrameFault | null {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#partial !== null) {
        offset = this.#fill(chunk, offset, this.#partial);
        if (this.#filled < this.#partial.length) return null;
        const whole = this.#partial;
        this.#partial = null;
        const fault = this.#deliver(whole, onFrame);
        if (fault !== null) return fault === "stopped" ? null : fault;
        continue;
      }
      const byte = chunk[offset] ?? HASH;
      offset += 1;
      if (byte !== HASH) {
        const fault = this.#digit(byte);
        if (fault !== null) return fault;
        continue;
      }
      const length = this.#length;
      if (this.#digits === 0 || length === 0) return "bad-length";
      this.#digits = 0;
      this.#length = 0;
      if (chunk.length - offset < length) {
        this.#partial = Buffer.allocUnsafe(length);
        this.#filled = 0;
        continue;
      }
      const fault = this.#deliver(chunk.subarray(offset, offset + length), onFrame);
      if (fault !== null) return fault === "stopped" ? null : fault;
      offset += length;
    }
    return null;
  }

  #digit(byte: number): FrameFault | null {
    if (byte < DIGIT_0 || byte > DIGIT_9 || this.#digits === MAX_LENGTH_DIGITS) return "bad-length";
    this.#digits += 1;
    this.#length = this.#length * 10 + (byte - DIGIT_0);
    return this.#length > this.maxFrameBytes ? "frame-too-large" : null;
  }

  #fill(chunk: Buffer, offset: number, partial: Buffer): number {
    const taken = chunk.copy(partial, this.#filled, offset);
    this.#filled += taken;
    return offset + taken;
  }

  #deliver(payload: Buffer, onFrame: (payload: string) => boolean): "not-octets" | "stopped" | null {
    // ASCII reads the same in both encodings, and latin1 is the cheaper decoding.
    const plain = this.encoding === "latin1" || isAscii(payload);
    const text = payload.toString(plain ? "latin1" : "utf8");
    if (!plain && !isOctets(text)) return "not-octets";
    return onFrame(text) ? null : "stopped";
  }
}

/** Whether every character stands for one octet. Anything else would turn into other octets, CR and LF among them, on the SIP side. */
function isOctets(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) return false;
  }
  return true;
}
