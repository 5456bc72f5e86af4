import type { CivicAddress, Failure, Result } from "@tandem/domain";

/** What is known of a caller who brings no usable location. */
export interface LocationQuery {
  /** Address that tells the caller's network site; null when none is known. */
  readonly address: string | null;
  /** Calling number as received. */
  readonly number: string;
  /** Name of the caller's network site. */
  readonly site: string | null;
}

/** A place from a location service. */
export interface FoundLocation {
  readonly address: CivicAddress;
  /** `method` of the PIDF-LO that tells of it (RFC 4119 §2.2.3). */
  readonly method: string;
  /** Emergency response location and its ELINs, where the service knows them. */
  readonly erl: string | null;
  readonly elins: readonly string[];
}

/** Where callers are. */
export interface LocationSource {
  /**
   * Looks a caller up; null when nobody knows. Takes at most `budgetMs`; a source that cannot be reached is a failure. The caller of this port stops
   * waiting at the budget whatever the implementation does.
   */
  locate(query: LocationQuery, budgetMs: number): Promise<Result<FoundLocation | null, Failure>>;
}
