import { ofProcess, quantile, rate, series } from "./selection.ts";
import { figure, lines, type DashboardSpecification, type PanelSpecification } from "./specification.ts";

const calls: readonly PanelSpecification[] = [
  figure(
    { title: "Calls now", description: "Counted from the records in Redis.", unit: "short" },
    `max by (namespace) (${series("tandem_calls_active")})`,
  ),
  figure(
    { title: "New calls per second", description: "Taken from a trunk.", unit: "reqps" },
    `sum(${rate("tandem_calls_started_total")})`,
  ),
  figure(
    {
      title: "Calls that ended well",
      description: "Answered, busy, declined or given up: as people decided. Promised are 99.5 % over 30 days.",
      unit: "percentunit",
      badUpTo: 0.995,
    },
    `1 - ${series("slo:tandem_call_setup:error_ratio_5m")}`,
  ),
  figure(
    {
      title: "Processes",
      description: "Edges, workers, controllers and control APIs that were scraped.",
      unit: "short",
    },
    `count(${series("tandem_process_info")})`,
  ),
  lines({ title: "New calls", description: "Per pool.", unit: "reqps" }, [
    `sum by (pool) (${rate("tandem_calls_started_total")})`,
    "{{pool}}",
  ]),
  lines({ title: "Ends of calls", description: "By whose fault; success is what people decided.", unit: "reqps" }, [
    `sum by (outcome) (${rate("tandem_calls_total")})`,
    "{{outcome}}",
  ]),
  lines(
    { title: "Refused by Tandem itself", description: "By failure code; docs/errors.md explains each.", unit: "reqps" },
    [`sum by (failure) (${rate("tandem_refusals_total")})`, "{{failure}}"],
  ),
  lines({ title: "Length of answered calls", description: "Mean over the last minutes.", unit: "s" }, [
    `sum by (pool) (${rate("tandem_call_duration_seconds_sum")}) / sum by (pool) (${rate("tandem_call_duration_seconds_count")})`,
    "{{pool}}",
  ]),
];

const processes: readonly PanelSpecification[] = [
  lines(
    { title: "Processes by role", description: "A step down without a drain before it is a loss.", unit: "short" },
    [`count by (role, pool) (${series("tandem_process_info")})`, "{{role}} {{pool}}"],
  ),
  lines(
    {
      title: "CPU",
      description: "Cores used per process; one is the most a process can use.",
      unit: "short",
      badFrom: 0.8,
    },
    [ofProcess(rate("process_cpu_seconds_total")), "{{node}}"],
  ),
  lines({ title: "Memory", description: "Resident, per process.", unit: "bytes" }, [
    ofProcess(series("process_resident_memory_bytes")),
    "{{node}}",
  ]),
  lines(
    {
      title: "Event-loop delay",
      description: "99th percentile of the worst second. Workers refuse ordinary calls when half a second lasts.",
      unit: "s",
      badFrom: 0.5,
    },
    [ofProcess(series("tandem_event_loop_lag_seconds", 'quantile="0.99"')), "{{node}}"],
  ),
];

const state: readonly PanelSpecification[] = [
  lines(
    {
      title: "Topology version in force",
      description: "One line for every process: they must lie on one another.",
      unit: "short",
    },
    [ofProcess(series("tandem_topology_version")), "{{node}}"],
  ),
  lines({ title: "Leaders", description: "Exactly one controller leads.", unit: "short" }, [
    `sum by (namespace) (${series("tandem_leader")})`,
    "leaders",
  ]),
  lines(
    {
      title: "Calls and leases swept",
      description: "Ended by the controller because nobody came for them.",
      unit: "reqps",
    },
    [`sum(${rate("tandem_calls_swept_total")})`, "calls"],
    [`sum(${rate("tandem_gate_leases_swept_total")})`, "leases"],
  ),
  lines({ title: "Control API requests", description: "By route and class of status.", unit: "reqps" }, [
    `sum by (route, status_class) (${rate("tandem_http_requests_total")})`,
    "{{route}} {{status_class}}",
  ]),
  lines({ title: "Control API answers", description: "95th percentile.", unit: "s" }, [
    quantile(0.95, "tandem_http_request_seconds", "route"),
    "{{route}}",
  ]),
];

const records: readonly PanelSpecification[] = [
  lines(
    {
      title: "Detail records waiting",
      description: "Of calls and of emergency calls: in the streams, and given up by their delivery.",
      unit: "short",
    },
    [`max by (namespace) (${series("tandem_detail_records_backlog")})`, "waiting"],
    [`max by (namespace) (${series("tandem_detail_dead_letters")})`, "dead letters (batches)"],
  ),
  lines({ title: "Detail records to sinks", description: "By sink and result.", unit: "reqps" }, [
    `sum by (sink, result) (${rate("tandem_detail_records_total")})`,
    "{{sink}} {{result}}",
  ]),
];

/** The whole cluster on one page. */
export const clusterDashboard: DashboardSpecification = {
  name: "tandem-cluster",
  title: "Tandem / Cluster",
  description: "Is the cluster well, and what does it carry?",
  choices: [],
  rows: [
    { title: "Calls", panels: calls },
    { title: "Processes", panels: processes },
    { title: "Control", panels: state },
    { title: "Call detail records", panels: records },
  ],
};
