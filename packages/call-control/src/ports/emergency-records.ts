import type { Failure, Result } from "@tandem/domain";

/** Emergency records of late, for the control API; kept for a bounded time. */
export interface EmergencyRecordBook {
  /** One that is there is replaced. */
  put(record: {
    readonly callId: string;
    readonly startMs: number;
    readonly json: string;
  }): Promise<Result<void, Failure>>;
  get(callId: string): Promise<Result<string | null, Failure>>;
  /** JSON of records, newest first. */
  list(limit: number): Promise<Result<readonly string[], Failure>>;
}
