import type { MetricDefinition } from "./metric-definition.ts";

/** Of the worker's disk, on which it keeps what is owed to Redis. */
export const SPOOL_METRICS = {
  tandem_spool_bad_files_total: {
    type: "counter",
    help: "Files of the worker's disk that held finished calls (calls) or notices of emergency calls (notices), could not be read, and were put aside as `.bad`.",
    labels: ["spool"],
    process: "worker",
  },
  tandem_spool_writable: {
    type: "gauge",
    help: "1 while the worker's disk for finished calls and notices of emergency calls (`TANDEM_SPOOL`) can be written; tried every minute.",
    labels: [],
    process: "worker",
  },
} as const satisfies Record<string, MetricDefinition>;
