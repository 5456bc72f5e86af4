import type { Failure, Result } from "@tandem/domain";
import type { CallWrite, DetailRecord } from "./call-store.ts";

/** A finished call whose detail records the store could not take. */
export interface UnfinishedCall {
  readonly call: CallWrite;
  /** Version the finish expects; 0: the call never was in the store. */
  readonly version: number;
  readonly records: readonly DetailRecord[];
}

/** Local disk that holds finished calls while the store is away, and over a restart of the process. */
export interface DetailRecordSpool {
  /** Returns once the entry would survive the process. */
  put(entry: UnfinishedCall): Promise<Result<void, Failure>>;
  /** Some entries, oldest first; they stay until removed. */
  peek(limit: number): Promise<Result<readonly UnfinishedCall[], Failure>>;
  remove(entry: UnfinishedCall): Promise<Result<void, Failure>>;
}
