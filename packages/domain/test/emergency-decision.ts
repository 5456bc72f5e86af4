import { factsFor, sampleTopology, snapshotOf } from "./topology-fixture.ts";
import { decide } from "../src/routing/decide.ts";
import type { Decision, RequestFacts } from "../src/routing/decision.ts";
import { type LiveView, quietView } from "../src/routing/live-view.ts";

export const snapshot = snapshotOf(sampleTopology());

export function trunksOf(decision: Decision): readonly string[] {
  return decision.kind === "reject" ? [] : decision.attempts.map((attempt) => attempt.trunk);
}

export function emergency(live: LiveView = quietView, more: Partial<RequestFacts> = {}): Decision {
  return decide(factsFor("911", more), snapshot, live);
}
