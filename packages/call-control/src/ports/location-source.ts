import type { CivicAddress, Failure, LocateQuery, Result } from "@tandem/domain";

/** A question about a caller who brings no usable location. */
export interface LocationQuestion {
  readonly caller: LocateQuery;
  /** Server that is asked when the own database knows nothing; null: there is none. */
  readonly secondary: { readonly url: string; readonly timeoutMs: number } | null;
}

/** A place from a location service. */
export interface FoundLocation {
  readonly address: CivicAddress;
  /** Who knew it. */
  readonly source: "database" | "secondary";
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
  locate(question: LocationQuestion, budgetMs: number): Promise<Result<FoundLocation | null, Failure>>;
}
