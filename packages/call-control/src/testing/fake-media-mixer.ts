import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { MediaAddress, MediaMixer, MixedCall, MixedVoice } from "../ports/index.ts";

const AWAY: Failure = { code: "relay-unavailable", detail: "away" };
const UNKNOWN: Failure = { code: "relay-unavailable", detail: "unknown call" };

/** Mixers that live in memory. */
export class FakeMediaMixer implements MediaMixer {
  /** Mixers that do not answer. */
  readonly away = new Set<string>();
  /** How each call is mixed, by call and participant. */
  readonly calls = new Map<string, Map<string, MixedVoice | null>>();
  /** Of whom the mixers get something. */
  readonly hearing = new Set<string>();
  readonly #ports = new Map<string, MediaAddress>();

  open(call: MixedCall, names: readonly string[]): Promise<Result<ReadonlyMap<string, MediaAddress>, Failure>> {
    if (this.away.has(call.mixer)) return Promise.resolve(err(AWAY));
    const voices = this.calls.get(call.callId) ?? new Map<string, MixedVoice | null>();
    this.calls.set(call.callId, voices);
    const ports = names.map((name) => {
      if (!voices.has(name)) voices.set(name, null);
      const key = `${call.callId} ${name}`;
      const port = this.#ports.get(key) ?? { address: "203.0.113.30", port: 31_000 + this.#ports.size };
      this.#ports.set(key, port);
      return [name, port] as const;
    });
    return Promise.resolve(ok(new Map(ports)));
  }

  connect(call: MixedCall, voices: ReadonlyMap<string, MixedVoice>): Promise<Result<void, Failure>> {
    const known = this.away.has(call.mixer) ? undefined : this.calls.get(call.callId);
    if (known === undefined || [...voices.keys()].some((name) => !known.has(name)))
      return Promise.resolve(err(UNKNOWN));
    for (const [name, voice] of voices) known.set(name, voice);
    return Promise.resolve(ok(undefined));
  }

  heard(call: MixedCall): Promise<Result<readonly string[], Failure>> {
    const known = this.away.has(call.mixer) ? undefined : this.calls.get(call.callId);
    return Promise.resolve(
      known === undefined ? err(UNKNOWN) : ok([...known.keys()].filter((name) => this.hearing.has(name))),
    );
  }

  release(call: MixedCall): Promise<Result<void, Failure>> {
    if (this.away.has(call.mixer)) return Promise.resolve(err(AWAY));
    this.calls.delete(call.callId);
    return Promise.resolve(ok(undefined));
  }
}
