import type { Failure, Result } from "@tandem/domain";

/** Whose description it is, and who gets it, in one call that passes a relay. Names are the call's own. */
export interface RelayedWay {
  /** Control address of the relay, `host:port`. */
  readonly relay: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
}

/** Participants of a relayed call by name. */
export type RelayedState = ReadonlyMap<string, { readonly hears: readonly string[]; readonly packets: number }>;

/**
 * Media relays: they stand between two peers that talk, and can copy what one of them says to a third. Every call is bounded in time; a relay that does not
 * answer, or not as it should, is the failure `relay-unavailable`.
 */
export interface MediaRelay {
  /** Whether the relay answers within `limitMs`. */
  answers(relay: string, limitMs: number): Promise<boolean>;
  /** The description that `to` is to get instead of `from`'s offer: what it then sends goes to the relay. Another offer changes the session. */
  offer(way: RelayedWay, description: string): Promise<Result<string, Failure>>;
  /** The same for `from`'s answer to the offer of `to`. */
  answer(way: RelayedWay, description: string): Promise<Result<string, Failure>>;
  /** An offer (`sendonly`) to `to` of a copy of everything that `from` says, one stream for each of `from`'s. */
  copy(way: RelayedWay): Promise<Result<string, Failure>>;
  /** The answer of `to` to that offer: the copy begins. */
  acceptCopy(way: RelayedWay, description: string): Promise<Result<void, Failure>>;
  /** `to` hears nothing any more, neither copies nor what was spoken in its stead; where `to` is a third, the two who talk never notice. */
  endCopy(way: Omit<RelayedWay, "from">): Promise<Result<void, Failure>>;
  /** `from` is to speak to `to`: where it must send, after its own description (`sendonly`). Nobody hears it yet. */
  speak(way: RelayedWay, description: string): Promise<Result<string, Failure>>;
  /**
   * From now on `to`, whose description this is, hears `from` alone, by the same address as before, and the one it talked to does not hear it either. Copies go on. An
   * offer and an answer between the two put that back, once `to` hears nothing (`endCopy`).
   */
  hearInstead(way: RelayedWay, description: string): Promise<Result<void, Failure>>;
  /** Whom each participant hears, and how much it has said; null: the relay does not have the call. */
  state(call: Pick<RelayedWay, "relay" | "callId">): Promise<Result<RelayedState | null, Failure>>;
  /** Whether the relay has the call. */
  has(call: Pick<RelayedWay, "relay" | "callId">): Promise<Result<boolean, Failure>>;
  /** The call is over, with every copy. */
  release(call: Pick<RelayedWay, "relay" | "callId">): Promise<Result<void, Failure>>;
}
