import { ofProcess, quantile, rate, series } from "./selection.ts";
import { figure, lines, type DashboardSpecification, type PanelSpecification } from "./specification.ts";

const panels: readonly PanelSpecification[] = [
  figure(
    {
      title: "Processes without Redis",
      description: "Whose connection is not ready for commands.",
      unit: "short",
      badFrom: 1,
    },
    `count(${series("tandem_redis_connected")}) - sum(${series("tandem_redis_connected")})`,
  ),
  figure(
    { title: "Operations per second", description: "Of all processes.", unit: "reqps" },
    `sum(${rate("tandem_redis_operation_seconds_count")})`,
  ),
  lines({ title: "Connected", description: "Per process.", unit: "short" }, [
    ofProcess(series("tandem_redis_connected")),
    "{{node}}",
  ]),
  lines(
    {
      title: "Slowest one in a hundred",
      description:
        "99th percentile by role, as the caller sees it: Redis, the network and the caller's own queue. 50 ms is too much.",
      unit: "s",
      badFrom: 0.05,
    },
    [series("role:tandem_redis_operation_seconds:p99_5m"), "{{role}}"],
  ),
  lines({ title: "By operation", description: "99th percentile.", unit: "s" }, [
    quantile(0.99, "tandem_redis_operation_seconds", "operation"),
    "{{operation}}",
  ]),
  lines({ title: "Operations", description: "Per second, by operation.", unit: "reqps" }, [
    `sum by (operation) (${rate("tandem_redis_operation_seconds_count")})`,
    "{{operation}}",
  ]),
  lines(
    {
      title: "Share that failed",
      description: "By role. More than 1 % raises the alert.",
      unit: "percentunit",
      badFrom: 0.01,
    },
    [series("role:tandem_redis_errors:ratio_rate5m"), "{{role}}"],
  ),
  lines({ title: "Detail records that wait in Redis", description: "They count towards its memory.", unit: "short" }, [
    `max by (namespace) (${series("tandem_detail_records_backlog")})`,
    "records",
  ]),
];

/** Redis as the processes see it. A server's own figures come from its own exporter. */
export const redisDashboard: DashboardSpecification = {
  name: "tandem-redis",
  title: "Tandem / Redis",
  description: "Is Redis there, and is it fast enough? Every SIP event of a call waits for one operation.",
  choices: [],
  rows: [{ title: "As Tandem sees it", panels }],
};
