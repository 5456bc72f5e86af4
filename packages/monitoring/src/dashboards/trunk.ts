import { quantile, rate, series } from "./selection.ts";
import { figure, lines, type DashboardSpecification, type PanelSpecification } from "./specification.ts";

const chosen = 'trunk=~"$trunk"';

const health: readonly PanelSpecification[] = [
  lines({ title: "Health", description: "1 up, 0 down, -1 not known (not probed yet).", unit: "short" }, [
    series("trunk:tandem_up:max", chosen),
    "{{trunk}}",
  ]),
  lines(
    { title: "Changes of health", description: "By the state entered. Many mean a flapping peer.", unit: "short" },
    [
      `sum by (trunk, state) (increase(${series("tandem_trunk_transitions_total", chosen)}[$__rate_interval]))`,
      "{{trunk}} {{state}}",
    ],
  ),
  lines({ title: "Probes", description: "OPTIONS by outcome.", unit: "reqps" }, [
    `sum by (trunk, outcome) (${rate("tandem_probes_total", chosen)})`,
    "{{trunk}} {{outcome}}",
  ]),
  lines({ title: "Round trip of probes", description: "95th percentile of the answered ones.", unit: "s" }, [
    quantile(0.95, "tandem_probe_seconds", "trunk", chosen),
    "{{trunk}}",
  ]),
];

const load: readonly PanelSpecification[] = [
  figure(
    {
      title: "Fullest trunk",
      description: "Calls at once as a share of what the trunk may carry; trunks without a limit do not count.",
      unit: "percentunit",
      badFrom: 0.9,
    },
    `max(${series("trunk:tandem_load:ratio", chosen)})`,
  ),
  lines(
    { title: "Calls at once", description: "Cluster-wide.", unit: "short" },
    [`max by (trunk) (${series("tandem_trunk_load_calls", chosen)})`, "{{trunk}}"],
    [`max by (trunk) (${series("tandem_trunk_limit_calls", chosen)})`, "{{trunk}} limit"],
  ),
  lines({ title: "Attempts", description: "By class of the final code.", unit: "reqps" }, [
    `sum by (trunk, code_class) (${rate("tandem_attempts_total", chosen)})`,
    "{{trunk}} {{code_class}}",
  ]),
  lines({ title: "Attempts that failed", description: "By whose fault.", unit: "reqps" }, [
    `sum by (trunk, outcome) (${rate("tandem_attempts_total", `${chosen}, outcome!="success"`)})`,
    "{{trunk}} {{outcome}}",
  ]),
];

const quality: readonly PanelSpecification[] = [
  lines(
    {
      title: "Answer-seizure ratio",
      description: "Answered attempts of all attempts, ten minutes.",
      unit: "percentunit",
      badUpTo: 0.1,
    },
    [series("trunk:tandem_answer_seizure:ratio_rate10m", chosen), "{{trunk}}"],
  ),
  lines(
    {
      title: "Post-dial delay",
      description: "INVITE sent to first 18x. ITU-T E.721 wants 95 % within 6 s.",
      unit: "s",
      badFrom: 6,
    },
    [quantile(0.5, "tandem_post_dial_delay_seconds", "trunk", chosen), "{{trunk}} median"],
    [series("trunk:tandem_post_dial_delay_seconds:p95_10m", chosen), "{{trunk}} p95"],
  ),
  lines({ title: "Answer delay", description: "INVITE sent to 200, median.", unit: "s" }, [
    quantile(0.5, "tandem_answer_delay_seconds", "trunk", chosen),
    "{{trunk}}",
  ]),
];

/** Trunks: health, load, quality. */
export const trunkDashboard: DashboardSpecification = {
  name: "tandem-trunk",
  title: "Tandem / Trunk",
  description: "Is the trunk up, how full is it, and does it complete calls?",
  choices: ["trunk"],
  rows: [
    { title: "Health", panels: health },
    { title: "Load", panels: load },
    { title: "Quality", panels: quality },
  ],
};
