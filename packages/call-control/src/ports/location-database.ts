import type { Failure, LisKey, LisRow, Result } from "@tandem/domain";

/**
 * The location database: a draft that people work on, and the published rows, which are all that a call or a device sees. Everything of it may be large
 * (a million rows); only `find` is asked while a call waits.
 */
export interface LocationDatabase {
  /** It has been found not to answer: no call waits for it. */
  isAway(): boolean;
  /** The row of the first of these keys that has one; null when none has. One round trip, however many keys. */
  find(keys: readonly LisKey[], among: LisEdition): Promise<Result<LisRow | null, Failure>>;
  /** Some rows, in no order. A row that stands still is in one page at least; one may come twice. Begin with cursor `0`. */
  page(among: LisEdition, cursor: string): Promise<Result<LisPage, Failure>>;
  state(): Promise<Result<LisState, Failure>>;
  /** Adds rows to the draft, or replaces those of the same key; at most `MAX_LIS_BATCH` at once. */
  put(rows: readonly LisRow[]): Promise<Result<void, Failure>>;
  /** Takes rows out of the draft; says how many there were. */
  remove(keys: readonly LisKey[]): Promise<Result<number, Failure>>;
  /** Begins a draft that replaces the present one as a whole when it is complete; forgotten when it is not completed within an hour. */
  replacement(token: string): LisReplacement;
  /**
   * Makes the draft the published edition, at once for everybody. `changed`: the draft is not the revision that was looked at any more, or changed
   * meanwhile; nothing was published. `busy`: somebody else is publishing. A failure (`store-unavailable`): the edition in force is the one before, unless
   * the reply alone was lost.
   */
  publish(edition: LisPublication): Promise<Result<"published" | "changed" | "busy", Failure>>;
}

/** Most rows of one `put`. */
export const MAX_LIS_BATCH = 500;

export type LisEdition = "draft" | "published";

export interface LisPage {
  readonly rows: readonly LisRow[];
  /** Cursor of the next page; `0`: this was the last. */
  readonly next: string;
}

export interface LisReplacement {
  /** At most `MAX_LIS_BATCH` at once. */
  add(rows: readonly LisRow[]): Promise<Result<void, Failure>>;
  /** The rows are the draft now, all of them; a failure when the store lost some meanwhile, and the draft is as it was. */
  commit(): Promise<Result<void, Failure>>;
  abandon(): Promise<Result<void, Failure>>;
}

export interface LisPublication {
  /** Revision of the draft that was checked. */
  readonly revision: number;
  readonly author: string;
  readonly atMs: number;
  /** Names the work; unique. */
  readonly token: string;
}

export interface LisState {
  readonly draft: {
    /** Grows with every change. */
    readonly revision: number;
    readonly rows: number;
  };
  /** Null: nothing was ever published. */
  readonly published: {
    /** Counts editions. */
    readonly version: number;
    readonly rows: number;
    readonly author: string;
    readonly atMs: number;
    /** Revision of the draft it was made of. */
    readonly revision: number;
  } | null;
}
