import type { FailureCode } from "../failure/failure.ts";

/**
 * What is true just now, passed into a decision. Implementations answer from memory; stale answers are acceptable, because the exact
 * limits are held by the cluster-wide gate when an attempt starts.
 */
export interface LiveView {
  /** Health as the controller published it; `unknown` counts as up. */
  trunkState(trunk: string): "up" | "down" | "unknown";
  /** Calls the trunk carries now, cluster-wide. */
  trunkLoad(trunk: string): number;
  /** True while the pool takes no new ordinary calls. */
  poolDraining(pool: string): boolean;
  /** Why this worker takes no ordinary calls now (`draining`, `overload`, `store-unavailable`), or null. Emergency calls never ask. */
  readonly refuseOrdinary: FailureCode | null;
  /** True where the gate is asked for every call: then a load that may be a second old refuses nobody. */
  readonly limitsHeldByGate?: boolean;
}

/** Everything up, idle and welcome: for dry runs without a live cluster, and for tests. */
export const quietView: LiveView = {
  trunkState: () => "up",
  trunkLoad: () => 0,
  poolDraining: () => false,
  refuseOrdinary: null,
};
