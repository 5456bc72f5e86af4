import { uriFacts } from "@tandem/call-control";
import {
  decide,
  failureEntry,
  identifyIngress,
  indexSources,
  locationRouting,
  quietView,
  screenedFirst,
  type Decision,
  type LiveView,
  type LocationRouting,
  type RequestFacts,
} from "@tandem/domain";
import type { Static } from "typebox";
import { currentTopology, trunkNamed, type CurrentTopology } from "../../current-topology.ts";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { DryRunRequest, DryRunResult } from "./schemas.ts";

type Asked = Static<typeof DryRunRequest>;

/** What would happen to a call: the very function that decides calls, with the health and loads of this moment. */
export function dryRunRoutes(app: TypedApp, services: ControlServices): void {
  app.post(
    "/v1/routing/dry-run",
    {
      schema: {
        tags: ["routing"],
        summary: "Where a call would go, with the reason for every trunk considered; no call is placed",
        body: DryRunRequest,
        response: { 200: DryRunResult, 404: problem, 409: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const current = await currentTopology(services);
      if (!current.ok) return sendFailure(reply, current.error);
      if (current.value === null) return sendProblem(reply, "not-found", "no topology has been published yet");
      const facts = requestFacts(request.body, current.value);
      if (typeof facts === "string") return sendProblem(reply, "bad-request", facts);
      const live = request.body.live ? await liveView(services) : quietView;
      const { locationMethod } = request.body;
      const routing = locationMethod === undefined ? null : locationRouting(locationMethod);
      return shownDecision(facts, routing, { inForce: current.value, live });
    },
  );
}

/** The facts a worker would read from the request, or one sentence about what is missing. */
function requestFacts(asked: Asked, inForce: CurrentTopology): RequestFacts | string {
  const arrived = arrival(asked, inForce);
  if (typeof arrived === "string") return arrived;
  return {
    ...arrived,
    requestUri: uriFacts(asked.requestUri),
    callingNumber: asked.callingNumber,
    callId: asked.callId,
    priorityHeader: asked.priority ?? null,
    callerAddress: asked.callerAddress ?? asked.source?.address ?? null,
  };
}

type Arrived = Pick<RequestFacts, "ingressTrunk" | "pool" | "listener">;

function arrival(asked: Asked, inForce: CurrentTopology): Arrived | string {
  if (asked.ingressTrunk !== undefined) {
    const trunk = trunkNamed(inForce, asked.ingressTrunk);
    if (trunk === null) return `the topology has no trunk "${asked.ingressTrunk}"`;
    return { ingressTrunk: trunk.trunk.name, pool: trunk.trunk.pool, listener: trunk.trunk.listener };
  }
  const { source } = asked;
  if (source === undefined) return "name the ingressTrunk, or the source (pool, listener, address, port)";
  const found = identifyIngress({ ...source, tlsIdentities: [] }, indexSources(inForce.snapshot, new Map()));
  return { ingressTrunk: found?.trunk.name ?? null, pool: source.pool, listener: source.listener };
}

/** Health and loads as the workers see them; what cannot be read counts as quiet. */
async function liveView(services: ControlServices): Promise<LiveView> {
  const [health, loads] = await Promise.all([services.health.all(), services.calls.loads()]);
  return {
    ...quietView,
    trunkState: (trunk) => (health.ok ? (health.value.get(trunk)?.state ?? "unknown") : "unknown"),
    trunkLoad: (trunk) => (loads.ok ? (loads.value.get(trunk) ?? 0) : 0),
  };
}

function shownEmergency(
  { service, test, number, policy, site }: Extract<Decision, { kind: "emergency" }>,
  routing: LocationRouting | null,
) {
  return { service, test, number, policy, site, routing };
}

interface World {
  readonly inForce: CurrentTopology;
  readonly live: LiveView;
}

function shownDecision(
  facts: RequestFacts,
  routing: LocationRouting | null,
  { inForce, live }: World,
): Static<typeof DryRunResult> {
  const decided = decide(facts, inForce.snapshot, live);
  const decision = decided.kind === "emergency" ? screenedFirst(decided, routing, inForce.snapshot) : decided;
  const rejected = decision.kind === "reject";
  return {
    topologyVersion: inForce.version,
    ingressTrunk: facts.ingressTrunk,
    kind: decision.kind,
    normalisedNumber: decision.kind === "route" ? decision.normalisedNumber : null,
    emergency: decision.kind === "emergency" ? shownEmergency(decision, routing) : null,
    failure: rejected
      ? {
          code: decision.failure,
          sip: failureEntry(decision.failure).sip,
          description: failureEntry(decision.failure).description,
        }
      : null,
    attempts: rejected ? [] : decision.attempts.map((attempt) => ({ ...attempt })),
    considered: decision.considered.map((one) => ({ ...one })),
  };
}
