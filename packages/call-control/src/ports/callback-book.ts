import type { Failure, LegProfile, Result } from "@tandem/domain";
import type { Unwatch } from "./cluster-state.ts";

/** How somebody who made an emergency call is reached. */
export interface CallbackCaller {
  /** The emergency call. */
  readonly callId: string;
  /** His number as his side wrote it: what is rung there. */
  readonly number: string;
  /** His number as the PSAP would be shown it without an ELIN. Absent in what an older version wrote. */
  readonly callbackNumber?: string;
  /** His Contact URI: rung where no trunk leads to him. */
  readonly contact: string;
  /** His leg. A trunk of that name in the topology in force counts first. */
  readonly profile: LegProfile;
}

/** An emergency call that begins. */
export interface CallbackEntry {
  readonly caller: CallbackCaller;
  /** Number the PSAP is shown, unless an ELIN is lent. Numbers are compared by `callbackKey`. */
  readonly callbackNumber: string;
  /** ELINs of the caller's location, in the order of the document; empty where no way out needs one. */
  readonly elins: readonly string[];
  readonly nowMs: number;
  /** When the entry lapses unless `end` says something else (epoch ms). */
  readonly untilMs: number;
}

/** The end of an emergency call: from now on its window runs. */
export interface CallbackEnd {
  readonly callId: string;
  readonly callbackNumber: string;
  readonly elin: string | null;
  readonly nowMs: number;
  /** Not later than `nowMs`: forgotten at once. */
  readonly untilMs: number;
}

/** A number that reaches somebody just now. */
export interface Callback {
  /** `callbackKey` of the number. */
  readonly key: string;
  readonly caller: CallbackCaller;
  readonly untilMs: number;
}

/** Who is behind the callback numbers and ELINs of the emergency calls of late. Few entries, read by every worker. */
export interface CallbackBook {
  /** It has been found not to answer: no call waits for it. */
  isAway(): boolean;
  /**
   * Lends an ELIN if there are any and remembers the caller behind it and behind his own number, all at once. One that nobody uses is lent first, else
   * the one with the fewest callers in their window; among equals the one not lent for the longest time. A caller who has one keeps it. A newer caller
   * takes over a number. Again for the same call: the same answer. `elin` null: none was lent.
   */
  remember(entry: CallbackEntry): Promise<Result<{ readonly elin: string | null }, Failure>>;
  /** Sets when the call's entries lapse; what a newer caller took over stays his. */
  end(end: CallbackEnd): Promise<Result<void, Failure>>;
  /** Who is behind a number now. */
  find(number: string, nowMs: number): Promise<Result<Callback | null, Failure>>;
  /** Every number that reaches somebody now. */
  all(nowMs: number): Promise<Result<readonly Callback[], Failure>>;
  /** Told within a second that the book changed. */
  watch(onChange: () => void): Promise<Result<Unwatch, Failure>>;
}
