import type { Failure, Result } from "@tandem/domain";

/** An emergency call at a mixer. */
export interface MixedCall {
  /** Control address of the mixer, `host:port`. */
  readonly mixer: string;
  readonly callId: string;
}

export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

/** What a payload type can mean to a mixer; comfort noise (`CN`) it understands, and sends none. */
export type MixedFormat = "PCMU" | "PCMA" | "telephone-event" | "CN";

/** Formats by payload type. */
export type MixedFormats = Readonly<Record<string, MixedFormat>>;

/** How a mixer talks with one participant. */
export interface MixedVoice {
  /** Where it gets its audio. */
  readonly to: MediaAddress;
  /** Where its own audio comes from; what comes from elsewhere is nothing. */
  readonly from: MediaAddress;
  /** What it sends. None: it is mute. */
  readonly hears: MixedFormats;
  /** What it can be sent. None: it is deaf. */
  readonly says: MixedFormats;
}

/**
 * Mixers: each participant of a call hears all others. Every call is bounded in time; a mixer that does not answer, or not as it should, is the failure
 * `relay-unavailable`, as with media relays.
 */
export interface MediaMixer {
  /** Where each of these participants is to send; asked again it is the same. */
  open(call: MixedCall, names: readonly string[]): Promise<Result<ReadonlyMap<string, MediaAddress>, Failure>>;
  /** From now on these are mixed, in this way. */
  connect(call: MixedCall, voices: ReadonlyMap<string, MixedVoice>): Promise<Result<void, Failure>>;
  /** Of whom the mixer got something within the last second. */
  heard(call: MixedCall): Promise<Result<readonly string[], Failure>>;
  /** The call is over. */
  release(call: MixedCall): Promise<Result<void, Failure>>;
}
