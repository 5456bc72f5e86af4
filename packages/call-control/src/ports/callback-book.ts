import type { Failure, Result } from "@tandem/domain";

/** Who made an emergency call, to be reached at a number for a while. */
export interface CallbackEntry {
  readonly callId: string;
  /** Number the PSAP calls back on, unless an ELIN is lent. */
  readonly callbackNumber: string;
  /** Trunk and Request-URI the caller is reached by. */
  readonly trunk: string;
  readonly callerUri: string;
  /** ELINs of the caller's location; empty where no way out needs one. */
  readonly elins: readonly string[];
  readonly nowMs: number;
  readonly windowMs: number;
}

/** Remembers who is behind a callback number. */
export interface CallbackBook {
  /** Lends an ELIN if there are any and remembers the caller, both at once. Null: no ELIN was lent. */
  remember(entry: CallbackEntry): Promise<Result<{ readonly elin: string | null }, Failure>>;
}
