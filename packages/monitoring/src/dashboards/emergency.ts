import { quantile, rate, series } from "./selection.ts";
import { figure, lines, type DashboardSpecification, type PanelSpecification } from "./specification.ts";

const FIRST = series("trunk:tandem_info:max", 'pool=~"$pool", emergency="first"');
const FALLBACK = series("trunk:tandem_info:max", 'pool=~"$pool", emergency="fallback"');
const UP = series("trunk:tandem_up:max");
const HEARTBEAT = series("tandem_emergency_heartbeat_last_success_timestamp_seconds", 'pool=~"$pool"');

const INTERVAL = series("tandem_emergency_heartbeat_interval_seconds");

const path: readonly PanelSpecification[] = [
  figure(
    {
      title: "Emergency trunks not down",
      description: "Of the chosen pools. 0: the path is at risk.",
      unit: "short",
      badUpTo: 0,
    },
    `count(${FIRST} unless on (namespace, trunk) ${UP} == 0)`,
  ),
  figure(
    {
      title: "Heartbeats missed",
      description:
        "Time since the last heartbeat that came through, in intervals, of the pool where it is longest. From 3 on the alert fires.",
      unit: "short",
      badFrom: 3,
    },
    `max((time() - max by (namespace, pool) (${HEARTBEAT})) / on (namespace) group_left () (max by (namespace) (${INTERVAL}) > 0))`,
  ),
  lines({ title: "Emergency trunks", description: "1 up, 0 down, -1 not known.", unit: "short" }, [
    `${UP} * on (namespace, trunk) group_left (pool) ${FIRST}`,
    "{{pool}} {{trunk}}",
  ]),
  lines(
    {
      title: "Fallback trunks",
      description: "1 up, 0 down, -1 not known. The last resort after every emergency trunk.",
      unit: "short",
    },
    [`${UP} * on (namespace, trunk) group_left (pool) ${FALLBACK}`, "{{pool}} {{trunk}}"],
  ),
  lines({ title: "Heartbeats", description: "Walks of every emergency path, by outcome.", unit: "reqps" }, [
    `sum by (pool, trunk, outcome) (${rate("tandem_emergency_heartbeat_total", 'pool=~"$pool"')})`,
    "{{pool}} {{trunk}} {{outcome}}",
  ]),
];

const calls: readonly PanelSpecification[] = [
  figure(
    { title: "Emergency calls in this time", description: "Ended, test calls included.", unit: "short" },
    `sum(increase(${series("tandem_emergency_calls_total", 'pool=~"$pool"')}[$__range]))`,
  ),
  figure(
    {
      title: "Failed in this time",
      description: "By nobody's wish. Every one is looked into.",
      unit: "short",
      badFrom: 1,
    },
    `sum(increase(${series("tandem_emergency_calls_total", 'pool=~"$pool", outcome=~"upstream-error|server-error|indeterminate"')}[$__range]))`,
  ),
  lines({ title: "Emergency calls", description: "By outcome.", unit: "reqps" }, [
    `sum by (pool, outcome) (${rate("tandem_emergency_calls_total", 'pool=~"$pool"')})`,
    "{{pool}} {{outcome}}",
  ]),
  lines({ title: "Attempts on emergency trunks", description: "By class of the final code.", unit: "reqps" }, [
    `sum by (namespace, trunk, code_class) (${rate("tandem_attempts_total")}) * on (namespace, trunk) group_left (pool) ${FIRST}`,
    "{{trunk}} {{code_class}}",
  ]),
  lines(
    {
      title: "Post-dial delay on emergency trunks",
      description: "95th percentile, INVITE sent to first 18x.",
      unit: "s",
      badFrom: 4,
    },
    [
      `${series("trunk:tandem_post_dial_delay_seconds:p95_10m")} * on (namespace, trunk) group_left (pool) ${FIRST}`,
      "{{trunk}}",
    ],
  ),
  lines(
    {
      title: "What became harder",
      description: "Steps skipped before the INVITE, ordinary calls ended to make room, calls back, security desks.",
      unit: "reqps",
    },
    [`sum by (step) (${rate("tandem_emergency_preparation_failures_total")})`, "skipped {{step}}"],
    [`sum by (trunk) (${rate("tandem_emergency_preemptions_total")})`, "pre-empted on {{trunk}}"],
    [`sum by (cause) (${rate("tandem_emergency_alarms_total")})`, "in doubt: {{cause}}"],
    [`sum by (trunk) (${rate("tandem_emergency_callbacks_total")})`, "call back by {{trunk}}"],
    [`sum by (outcome) (${rate("tandem_emergency_desks_total")})`, "desk {{outcome}}"],
  ),
  lines(
    {
      title: "Time to ringing",
      description: "95th percentile over all attempts of a call, per pool.",
      unit: "s",
      badFrom: 6,
    },
    [quantile(0.95, "tandem_emergency_ringing_seconds", "pool", 'pool=~"$pool"'), "{{pool}}"],
  ),
  lines(
    {
      title: "Locations",
      description: "What kind of location the calls had. `none` and `site-default` deserve a look at the site.",
      unit: "reqps",
    },
    [`sum by (kind) (${rate("tandem_emergency_locations_total")})`, "{{kind}}"],
  ),
  lines({ title: "Notifications", description: "Tries by kind of target and result.", unit: "reqps" }, [
    `sum by (kind, result) (${rate("tandem_emergency_notifications_total")})`,
    "{{kind}} {{result}}",
  ]),
  lines(
    {
      title: "Notifications nobody acknowledged",
      description: "Of real emergency calls of the last 24 hours.",
      unit: "short",
    },
    [`max by (namespace) (${series("tandem_emergency_notifications_unacknowledged")})`, "open"],
  ),
  lines(
    {
      title: "Records that wait",
      description: "Of emergency calls: the book in Redis or a sink does not take them. An alert after ten minutes.",
      unit: "short",
    },
    [`max by (namespace) (${series("tandem_emergency_records_backlog")})`, "waiting"],
  ),
];

/** The emergency path and the calls on it. */
export const emergencyDashboard: DashboardSpecification = {
  name: "tandem-emergency",
  title: "Tandem / Emergency",
  description: "Would an emergency call get out now, and did those that were made?",
  choices: ["pool"],
  rows: [
    { title: "The path", panels: path },
    { title: "The calls", panels: calls },
  ],
};
