import { OPERATION_SECONDS, type MetricDefinition } from "./metric-definition.ts";

/** The part of the catalogue that only the control API shows: its own requests, and those of devices. */
export const API_METRICS = {
  tandem_held_requests_total: {
    type: "counter",
    help: "Questions of devices for their location (HELD), by answer: location, too-many-requests, or the code of the HELD error.",
    labels: ["answer"],
    process: "control-api",
  },
  tandem_http_requests_total: {
    type: "counter",
    help: "Control API requests by route pattern, method and class of status.",
    labels: ["route", "method", "status_class"],
    process: "control-api",
  },
  tandem_http_request_seconds: {
    type: "histogram",
    help: "Time to answer a control API request.",
    labels: ["route"],
    process: "control-api",
    buckets: OPERATION_SECONDS,
  },
} as const satisfies Record<string, MetricDefinition>;
