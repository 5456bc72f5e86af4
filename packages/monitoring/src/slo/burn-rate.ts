import type { Objective } from "./objectives.ts";

/** A rule file as Prometheus reads it. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

/** One recording or alerting rule. */
type Rule =
  | { readonly record: string; readonly expr: string; readonly labels?: Readonly<Record<string, string>> }
  | {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** Two ranges that must both burn: the long one that it matters, the short one that it still goes on. */
interface Window {
  readonly long: string;
  readonly short: string;
  /** So many times faster than a budget that lasts 30 days. */
  readonly factor: number;
}

/** The factors of the SRE Workbook: 2 % of the budget in an hour, 5 % in six; 10 % in a day, 10 % in three. */
const FAST: readonly Window[] = [
  { long: "1h", short: "5m", factor: 14.4 },
  { long: "6h", short: "30m", factor: 6 },
];
const SLOW: readonly Window[] = [
  { long: "1d", short: "2h", factor: 3 },
  { long: "3d", short: "6h", factor: 1 },
];

/** Error ratios over every range, and alerts for a budget that burns fast (critical) or steadily (warning). */
export function burnRateRules(objectives: readonly Objective[]): RuleFile {
  return {
    groups: objectives.map((objective) => ({
      name: `tandem-slo-${objective.name.replaceAll("_", "-")}`,
      interval: "30s",
      rules: [...ranges().map((range) => errorRatio(objective, range)), ...alerts(objective)],
    })),
  };
}

/** Every range that a window names. */
function ranges(): readonly string[] {
  return [...new Set([...FAST, ...SLOW].flatMap(({ long, short }) => [short, long]))];
}

const ratioName = (objective: Objective, range: string): string => `slo:tandem_${objective.name}:error_ratio_${range}`;

function errorRatio(objective: Objective, range: string): Rule {
  const all = objective.all(range);
  return {
    record: ratioName(objective, range),
    expr: `(${objective.bad(range)} or 0 * ${all})\n  / (${all} > 0)`,
    labels: { slo: objective.name },
  };
}

function alerts(objective: Objective): readonly Rule[] {
  const budget = 1 - objective.target;
  const burning = ({ long, short, factor }: Window): string => {
    const limit = Number((factor * budget).toPrecision(6));
    return `(${ratioName(objective, long)} > ${limit} and ${ratioName(objective, short)} > ${limit})`;
  };
  const alert = (severity: string, windows: readonly Window[], speed: string): Rule => ({
    alert: objective.alert,
    expr: windows.map(burning).join("\nor\n"),
    labels: { severity },
    annotations: {
      summary: `${objective.summary}: the error budget of 30 days burns ${speed}`,
      description: `${objective.description} Now {{ $value | humanizePercentage }} go badly.`,
      runbook_url: `deploy/runbooks/${objective.alert}.md`,
    },
  });
  return [alert("critical", FAST, "fast"), alert("warning", SLOW, "steadily")];
}
