/** Which processes show a metric. */
export type MetricProcess = "worker" | "edge" | "controller" | "control-api" | "media-mixer" | "all";

/** One metric as documented and as registered; docs/metrics.md is tested equal to this table. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly process: MetricProcess | readonly MetricProcess[];
  /** Histogram bounds, in the unit of the name. */
  readonly buckets?: readonly number[];
}

/** Setup delays of a call, seconds: fast local legs up to a minute of ringing. */
export const SETUP_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 6, 10, 20, 60];

/** Local and network operations, seconds. */
export const OPERATION_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
