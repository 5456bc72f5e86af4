/** A service level objective over 30 days: how much of what should go well may go badly. */
export interface Objective {
  /** Part of metric names and the value of the label `slo`. */
  readonly name: string;
  readonly alert: string;
  /** Share that must go well, 0 to 1. */
  readonly target: number;
  /** PromQL of what went badly per second over a range such as `5m`, and of all that counts, both by namespace. */
  readonly bad: (range: string) => string;
  readonly all: (range: string) => string;
  readonly summary: string;
  readonly description: string;
}

const FAULTS = 'outcome=~"upstream-error|server-error|indeterminate"';
/** Refusals of the cluster's own making. What a requester did wrong counts neither way. */
const OWN_REFUSALS = 'method="INVITE",failure=~"overload|draining|store-unavailable|not-ready|internal-error"';

const refused = (range: string): string =>
  `rate(tandem_refusals_total{${OWN_REFUSALS}}[${range}]) or rate(tandem_unserved_total{method="INVITE"}[${range}])`;

/** What the cluster promises. */
export const OBJECTIVES: readonly Objective[] = [
  {
    name: "call_setup",
    alert: "TandemCallSetupBudgetBurn",
    target: 0.995,
    bad: (range) => `sum by (namespace) (rate(tandem_calls_total{${FAULTS}}[${range}]) or ${refused(range)})`,
    all: (range) =>
      `sum by (namespace) (rate(tandem_calls_total{outcome!="client-error"}[${range}]) or ${refused(range)})`,
    summary: "Too many calls fail for no fault of the people in them",
    description: "Of 1000 calls 995 must end as people decide: answered, busy, declined, given up.",
  },
  {
    name: "emergency_completion",
    alert: "TandemEmergencyCompletionBudgetBurn",
    target: 0.999,
    bad: (range) => `sum by (namespace) (rate(tandem_emergency_calls_total{${FAULTS}}[${range}]))`,
    all: (range) => `sum by (namespace) (rate(tandem_emergency_calls_total{outcome!="client-error"}[${range}]))`,
    summary: "Too many emergency calls fail",
    description: "Of 1000 emergency calls 999 must reach somebody who takes them.",
  },
  {
    name: "post_dial_delay",
    alert: "TandemPostDialDelayBudgetBurn",
    target: 0.95,
    // ITU-T E.721, local connection, normal load.
    bad: (range) =>
      `sum by (namespace) (rate(tandem_post_dial_delay_seconds_count[${range}]))` +
      ` - sum by (namespace) (rate(tandem_post_dial_delay_seconds_bucket{le="6"}[${range}]))`,
    all: (range) => `sum by (namespace) (rate(tandem_post_dial_delay_seconds_count[${range}]))`,
    summary: "Too many callers wait too long for ringing",
    description: "Of 100 calls 95 must ring within 6 s (ITU-T E.721, local connection).",
  },
];
