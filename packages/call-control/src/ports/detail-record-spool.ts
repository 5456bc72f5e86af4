import type { Failure, Result } from "@tandem/domain";
import type { CallWrite, DetailRecord } from "./call-store.ts";

/** A finished call whose detail records the store could not take. */
export interface UnfinishedCall {
  readonly call: CallWrite;
  /** Version the finish expects; 0: the call never was in the store. */
  readonly version: number;
  readonly records: readonly DetailRecord[];
  /** The set-up ended because nothing was heard here: where the record moved on meanwhile, and not by the write of ours that had no reply, another worker has the call, and it is not over. */
  readonly unheard?: { readonly ownWrite: string | null };
}

/** Local disk that holds finished calls while the store is away, and over a restart of the process. */
export interface DetailRecordSpool {
  /** Returns once the entry would survive the process. */
  put(entry: UnfinishedCall): Promise<Result<void, Failure>>;
  /** Some entries, oldest first; they stay until removed. */
  peek(limit: number): Promise<Result<readonly UnfinishedCall[], Failure>>;
  remove(entry: UnfinishedCall): Promise<Result<void, Failure>>;
}
