import type { ProbeSettings } from "../topology/topology.ts";

/** `unknown`: no evidence yet, or down for so long that it may be tried again; used like `up`. */
export type TrunkHealthState = "up" | "down" | "unknown";

/** What the controller knows of a trunk. Times are epoch milliseconds. */
export interface TrunkHealthRecord {
  readonly trunk: string;
  readonly state: TrunkHealthState;
  /** Since when the state is what it is. */
  readonly sinceMs: number;
  /** SIP status of the last answer; null when the last try had none. */
  readonly lastCode: number | null;
  /** Failed tries in a row, counted up to the threshold. */
  readonly failures: number;
  /** Answered tries in a row, counted up to the threshold. */
  readonly successes: number;
  /** The last evidence in words for people; holds no personal data. */
  readonly reason: string;
}

/** Evidence for or against a trunk. */
export type TrunkEvidence =
  /** OPTIONS of a worker of the trunk's pool (RFC 3261 §11). */
  | {
      readonly kind: "probe";
      readonly outcome: "answered" | "timeout" | "unreachable";
      readonly code: number | null;
      readonly atMs: number;
    }
  /** How an attempt of a real call ended; `failed`: the peer failed it, not the called party or the number. */
  | {
      readonly kind: "attempt";
      readonly outcome: "answered" | "failed" | "unreachable";
      readonly code: number | null;
      readonly atMs: number;
    }
  /** A trunk that is not probed has been down for its `downIntervalMs`. */
  | { readonly kind: "rest-over"; readonly atMs: number };

/**
 * Answers to OPTIONS that say the peer cannot take calls: 503 (RFC 3261 §21.5.4) and 408, which a proxy makes up when what is behind it is silent
 * (§21.4.9). Any other final response, even 404 or 405, comes from a peer that is alive.
 */
const NOT_SERVING: ReadonlySet<number> = new Set([408, 503]);

/** A trunk of which nothing is known. */
export function unknownHealth(trunk: string, nowMs: number): TrunkHealthRecord {
  return {
    trunk,
    state: "unknown",
    sinceMs: nowMs,
    lastCode: null,
    failures: 0,
    successes: 0,
    reason: "no evidence yet",
  };
}

/**
 * A trunk's health after new evidence. `failuresToDown` failures in a row take it down, whatever the mixture of probes and real attempts;
 * `successesToUp` successes in a row bring a down trunk up, and the first success settles an unknown one. Evidence from before the last change of
 * state judges what was then and is ignored.
 */
export function nextTrunkHealth(
  health: TrunkHealthRecord,
  evidence: TrunkEvidence,
  settings: ProbeSettings,
): TrunkHealthRecord {
  if (evidence.atMs < health.sinceMs) return health;
  if (evidence.kind === "rest-over") return afterRest(health, evidence.atMs, settings);
  return isGood(evidence) ? afterSuccess(health, evidence, settings) : afterFailure(health, evidence, settings);
}

/** How long until the trunk is due again: for a probe, or for the end of its rest when it is not probed. Null: never. */
export function nextLookMs(health: TrunkHealthRecord, settings: ProbeSettings): number | null {
  if (health.state === "down") return settings.downIntervalMs;
  return settings.enabled ? settings.intervalMs : null;
}

type Try = Exclude<TrunkEvidence, { kind: "rest-over" }>;

function isGood({ kind, outcome, code }: Try): boolean {
  if (outcome !== "answered") return false;
  return kind === "attempt" || code === null || !NOT_SERVING.has(code);
}

function afterSuccess(health: TrunkHealthRecord, evidence: Try, settings: ProbeSettings): TrunkHealthRecord {
  const successes = Math.min(health.successes + 1, settings.successesToUp);
  const up = health.state !== "down" || successes >= settings.successesToUp;
  return moved(health, { state: up ? "up" : "down", failures: 0, successes }, evidence);
}

function afterFailure(health: TrunkHealthRecord, evidence: Try, settings: ProbeSettings): TrunkHealthRecord {
  const failures = Math.min(health.failures + 1, settings.failuresToDown);
  const down = failures >= settings.failuresToDown;
  return moved(health, { state: down ? "down" : health.state, failures, successes: 0 }, evidence);
}

/** Ordinary calls may try the trunk again; one more failure takes it down again at once. */
function afterRest(health: TrunkHealthRecord, atMs: number, settings: ProbeSettings): TrunkHealthRecord {
  if (health.state !== "down" || settings.enabled) return health;
  const failures = settings.failuresToDown - 1;
  return { ...health, state: "unknown", sinceMs: atMs, failures, successes: 0, reason: "may be tried again" };
}

function moved(
  health: TrunkHealthRecord,
  to: Pick<TrunkHealthRecord, "state" | "failures" | "successes">,
  evidence: Try,
): TrunkHealthRecord {
  const sinceMs = to.state === health.state ? health.sinceMs : evidence.atMs;
  return { ...health, ...to, sinceMs, lastCode: evidence.code, reason: wordsFor(evidence) };
}

function wordsFor({ kind, outcome, code }: Try): string {
  const what = kind === "probe" ? "OPTIONS" : "call attempt";
  const status = code === null ? "" : ` with ${code}`;
  switch (outcome) {
    case "answered":
      return `${what} answered${status}`;
    case "failed":
      return `${what} failed${status}`;
    case "timeout":
      return `${what} not answered`;
    case "unreachable":
      return `${what} could not be sent`;
  }
}
