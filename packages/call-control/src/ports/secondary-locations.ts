import type { Failure, LocateQuery, PidfLocation, Result } from "@tandem/domain";

/** A location server of somebody else, asked when the own database knows nothing. */
export interface SecondaryLocations {
  /** Null: it knows nothing. Takes at most `limitMs`, whatever the server does; what is wrong with it is a failure. */
  ask(
    query: LocateQuery,
    server: { readonly url: string; readonly limitMs: number },
  ): Promise<Result<PidfLocation | null, Failure>>;
}
