import { decodeG711, encodeG711, type Law } from "./g711.ts";
import type { RtpPacket } from "./rtp-packet.ts";
import { FRAME_SAMPLES, VoiceBuffer } from "./voice-buffer.ts";

export type Format = Law | "telephone-event" | "CN";

/** RTP payload types and what they mean. */
type Formats = ReadonlyMap<number, Format>;

/** How a participant talks: what it sends is understood by `hears`, what it gets is written by `says`. Without formats it is mute, or deaf. */
export interface VoiceFormats {
  readonly hears: Formats;
  readonly says: Formats;
}

/** Where a stream of ours begins (RFC 3550 §5.1: at random). */
export interface StreamStart {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** After the last packet of a digit, audio goes on: 100 ms. */
const DIGIT_FRAMES = 5;

/** One participant of a conference. */
export class Voice {
  readonly #start: StreamStart;
  readonly #buffer = new VoiceBuffer();
  #formats: VoiceFormats = { hears: new Map(), says: new Map() };
  #sequence: number;
  #timestamp: number;
  /** The digit that is being passed on: whose it is by its timestamp there, and ours. */
  #digit = { from: -1, timestamp: 0, frames: 0 };

  constructor(start: StreamStart) {
    this.#start = start;
    this.#sequence = start.sequence;
    this.#timestamp = start.timestamp;
  }

  use(formats: VoiceFormats): void {
    this.#formats = formats;
  }

  /** A packet of the participant's: audio is kept for the next frames, comfort noise (RFC 3389) is silence. Gives what it is, null when it is nothing we know. */
  hear({ payloadType, ssrc, timestamp, payload }: RtpPacket): Format | null {
    const format = this.#formats.hears.get(payloadType) ?? null;
    if (isLaw(format)) this.#buffer.put(ssrc, timestamp, decodeG711(format, payload));
    return format;
  }

  /** What the participant says in the next 20 ms; null: nothing. */
  takeFrame(): Int16Array | null {
    return this.#buffer.take();
  }

  /** The next 20 ms for the participant; null where it takes no audio, or gets a digit at the time. */
  say(samples: Int32Array): RtpPacket | null {
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    if (this.#digit.frames > 0) {
      this.#digit.frames -= 1;
      return null;
    }
    const [payloadType, law = null] = [...this.#formats.says].find(([, format]) => isLaw(format)) ?? [];
    if (payloadType === undefined || !isLaw(law)) return null;
    const marker = this.#sequence === this.#start.sequence;
    return this.#packet({ payloadType, marker, timestamp: this.#timestamp, payload: encodeG711(law, samples) });
  }

  /** Somebody else's digit (RFC 4733), in the participant's own stream: all packets of one digit have the timestamp of its beginning (§2.2.1). */
  passDigit({ timestamp: from, marker, payload }: RtpPacket): RtpPacket | null {
    const [payloadType] = [...this.#formats.says].find(([, format]) => format === "telephone-event") ?? [];
    if (payloadType === undefined) return null;
    const timestamp = this.#digit.from === from && this.#digit.frames > 0 ? this.#digit.timestamp : this.#timestamp;
    this.#digit = { from, timestamp, frames: DIGIT_FRAMES };
    return this.#packet({ payloadType, marker, timestamp, payload });
  }

  #packet(part: Pick<RtpPacket, "payloadType" | "marker" | "timestamp" | "payload">): RtpPacket {
    const packet = { ...part, ssrc: this.#start.ssrc, sequence: this.#sequence };
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return packet;
  }
}

function isLaw(format: Format | null): format is Law {
  return format === "PCMU" || format === "PCMA";
}
