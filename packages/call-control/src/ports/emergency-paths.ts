import type { Failure, Result } from "@tandem/domain";

/** How the emergency path from a pool over a trunk fared when it was last walked. */
export interface EmergencyPath {
  readonly pool: string;
  readonly trunk: string;
  readonly options: PathWalk;
  /** Null: the trunk takes no test calls, or none was made yet. */
  readonly testCall: PathWalk | null;
}

export interface PathWalk {
  /** Epoch ms; 0: never. */
  readonly lastTryMs: number;
  readonly lastSuccessMs: number;
  readonly outcome: "answered" | "timeout" | "unreachable";
  readonly code: number | null;
  readonly roundTripMs: number;
}

/** The heartbeat's book: written by the leading controller, read by all. */
export interface EmergencyPathBoard {
  all(): Promise<Result<readonly EmergencyPath[], Failure>>;
  /** @param epoch Of the writing leader's term: once a later one has begun nothing is written, and the failure is `lease-lost`. */
  set(path: EmergencyPath, epoch: number): Promise<Result<void, Failure>>;
  forget(path: { readonly pool: string; readonly trunk: string }, epoch: number): Promise<Result<void, Failure>>;
}
