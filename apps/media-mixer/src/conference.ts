import type { RtpPacket } from "./rtp-packet.ts";
import { FRAME_SAMPLES } from "./voice-buffer.ts";
import { Voice, type StreamStart, type VoiceFormats } from "./voice.ts";

/** A packet for one participant. */
export interface OutgoingPacket {
  readonly to: string;
  readonly packet: RtpPacket;
}

/** Participants each of whom hears all others. Knows no sockets and no clock: every 20 ms somebody calls `tick`. */
export class Conference {
  readonly #voices = new Map<string, Voice>();

  add(name: string, start: StreamStart): void {
    this.#voices.set(name, new Voice(start));
  }

  /** How a participant talks from now on. */
  use(name: string, formats: VoiceFormats): void {
    this.#voices.get(name)?.use(formats);
  }

  /** A packet of a participant's; what goes to others at once. Null: nobody can make anything of it. */
  hear(name: string, packet: RtpPacket): readonly OutgoingPacket[] | null {
    const format = this.#voices.get(name)?.hear(packet) ?? null;
    if (format === null) return null;
    if (format !== "telephone-event") return [];
    return [...this.#voices].flatMap(([to, voice]) => {
      const passed = to === name ? null : voice.passDigit(packet);
      return passed === null ? [] : [{ to, packet: passed }];
    });
  }

  /** The next 20 ms for everybody: the sum of what the others say. */
  tick(): readonly OutgoingPacket[] {
    const frames = [...this.#voices].map(([to, voice]) => ({ to, voice, frame: voice.takeFrame() }));
    const sum = new Int32Array(FRAME_SAMPLES);
    for (const { frame } of frames) frame?.forEach((sample, at) => void (sum[at] = (sum[at] ?? 0) + sample));
    return frames.flatMap(({ to, voice, frame }) => {
      const packet = voice.say(sum.map((sample, at) => sample - (frame?.[at] ?? 0)));
      return packet === null ? [] : [{ to, packet }];
    });
  }
}
