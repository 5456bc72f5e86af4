import type { Failure, Result } from "@tandem/domain";

/** Processes of one pool. */
export interface PoolSize {
  /** 1 to 256. */
  readonly workers: number;
  /** 1 to 64; 0 for a pool whose workers are its edges. */
  readonly edges: number;
}

/** How large a pool shall be, and how much of it serves now. */
export interface PoolScale {
  readonly desired: PoolSize;
  /** Processes that are ready; during a change they differ from what is desired. */
  readonly current: PoolSize;
}

/** What a change asks for; what it does not name stays as it is. */
export interface WantedPoolSize {
  readonly workers: number;
  readonly edges?: number;
}

/**
 * Whoever starts and ends the processes of pools. What goes is drained first: the calls that are up are left to the others. The size lasts
 * until the next change or a new start of the whole cluster, which begins with the topology's numbers.
 *
 * Failures: `not-found` (no such pool here), `not-implemented` (this orchestrator cannot scale that kind of process), `bad-request` (a size
 * out of its range), `scaler-unavailable` (the orchestrator cannot be reached or does not answer).
 */
export interface PoolScaler {
  /** Sets the wanted size and gives the scale as it is then: resolves when the wish is kept, not when the processes run. Asking twice is asking once. */
  scale(pool: string, wanted: WantedPoolSize): Promise<Result<PoolScale, Failure>>;
  read(pool: string): Promise<Result<PoolScale, Failure>>;
}
