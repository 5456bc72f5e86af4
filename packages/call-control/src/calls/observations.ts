import {
  assertNever,
  emergencyPart,
  failureEntry,
  isFailureCode,
  outcomeOf,
  type Call,
  type Observation,
} from "@tandem/domain";
import type { Telemetry } from "../ports/index.ts";
import type { CallShell } from "./call-shell.ts";

type AttemptEnded = Extract<Observation, { readonly kind: "attempt-ended" }>;

/** Tells metrics, log and the trunks' health what the machine observed of a call. */
export function observe(observation: Observation, call: Call, shell: CallShell): void {
  const { telemetry } = shell.ports;
  switch (observation.kind) {
    case "ringing":
      return telemetry.postDialDelay(observation.trunk, observation.afterMs);
    case "answered":
      return telemetry.answerDelay(observation.trunk, observation.afterMs);
    case "attempt-ended":
      observeAttempt(observation, call, telemetry);
      return reportHealth(observation, shell);
    case "alarm":
      telemetry.emergency.alarm(observation.cause);
      return telemetry.log("error", "an emergency call needs somebody's attention", {
        callId: call.id,
        trunk: observation.trunk,
        cause: observation.cause,
      });
    case "call-ended":
      telemetry.callEnded({ ...observation, pool: call.facts.pool });
      return observeEmergency(call, telemetry);
    default:
      return assertNever(observation);
  }
}

function observeAttempt({ trunk, outcome, sipCode }: AttemptEnded, call: Call, telemetry: Telemetry): void {
  const whoseFault = outcomeOf(outcome === "answered" ? null : outcome);
  telemetry.attemptEnded({ trunk, outcome: whoseFault, sipCode });
  if (call.facts.emergency !== null) telemetry.emergency.attemptEnded(trunk, whoseFault);
}

/** How long the caller of an emergency call waited for a sign, and what was known of where he is. */
function observeEmergency(call: Call, { emergency }: Telemetry): void {
  const { createdMs, facts } = emergencyPart(call);
  if (facts.emergency === null) return;
  const heardMs = facts.ringMs === 0 ? facts.answerMs : facts.ringMs;
  if (heardMs > 0) emergency.ringing(facts.pool, heardMs - createdMs);
  emergency.location(facts.emergency.location.kind);
}

/** Ends of an attempt that say nothing about the peer: it was never asked, or was not given the time to answer. */
const NO_EVIDENCE: ReadonlySet<string> = new Set([
  "trunk-full",
  "trunk-too-fast",
  "edge-lost",
  "caller-cancelled",
  "invite-expired",
]);

/** A trunk is judged by attempts it failed, not by people who are busy or numbers that do not exist. */
function reportHealth(attempt: AttemptEnded, { ports }: CallShell): void {
  const { trunk, sipCode, outcome } = attempt;
  // A leg between two calls is no trunk.
  if (trunk === "" || (sipCode === 0 && NO_EVIDENCE.has(outcome))) return;
  const peerFailed = isFailureCode(outcome) && failureEntry(outcome).tryNextTrunk;
  ports.health.report({
    trunk,
    outcome: attempt.unreachable ? "unreachable" : peerFailed ? "failed" : "answered",
    code: sipCode === 0 ? null : sipCode,
    atMs: ports.clock.now(),
  });
}
