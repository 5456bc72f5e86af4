import type { TrunkHealth } from "@tandem/call-control";
import type { Topology, Trunk } from "@tandem/domain";
import { Type, type Static } from "typebox";
import { currentTopology } from "../../current-topology.ts";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";

const TrunkSchema = Type.Object({
  name: Type.String(),
  pool: Type.String(),
  listener: Type.String(),
  gateway: Type.String(),
  kind: Type.String(),
  address: Type.String(),
  port: Type.Integer(),
  transport: Type.String(),
  enabled: Type.Boolean(),
  maxCalls: Type.Integer({ description: "0: no limit" }),
  maxCallsPerSecond: Type.Integer({ description: "0: no limit" }),
  load: Type.Integer({ description: "calls on the trunk now, cluster-wide" }),
  health: Type.Object({
    state: Type.Union([Type.Literal("up"), Type.Literal("down"), Type.Literal("unknown")]),
    sinceMs: Type.Union([Type.Number(), Type.Null()]),
    lastCode: Type.Union([Type.Integer(), Type.Null()]),
    reason: Type.String(),
  }),
});

type ShownTrunk = Static<typeof TrunkSchema>;

/** Trunks of the topology in force with their health and load. */
export function trunkRoutes(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/trunks",
    {
      schema: {
        tags: ["trunks"],
        summary: "Trunks with health and load",
        response: { 200: Type.Array(TrunkSchema), ...failureStatus },
      },
    },
    async (_request, reply) => {
      const shown = await shownTrunks(services);
      return shown.ok ? shown.value : sendFailure(reply, shown.error);
    },
  );
  app.get(
    "/v1/trunks/:name",
    {
      schema: {
        tags: ["trunks"],
        summary: "One trunk",
        params: Type.Object({ name: Type.String() }),
        response: { 200: TrunkSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const shown = await shownTrunks(services);
      if (!shown.ok) return sendFailure(reply, shown.error);
      const trunk = shown.value.find(({ name }) => name === request.params.name);
      return trunk ?? sendProblem(reply, "not-found", `the topology has no trunk "${request.params.name}"`);
    },
  );
}

async function shownTrunks(services: ControlServices) {
  const [current, health, loads] = await Promise.all([
    currentTopology(services),
    services.health.all(),
    services.calls.loads(),
  ]);
  if (!current.ok) return current;
  if (!health.ok) return health;
  if (!loads.ok) return loads;
  const topology = current.value?.topology;
  const value = (topology?.trunks ?? []).map((trunk) =>
    shownTrunk(trunk, { topology, health: health.value.get(trunk.name), load: loads.value.get(trunk.name) ?? 0 }),
  );
  return { ok: true as const, value };
}

interface TrunkSurroundings {
  readonly topology: Topology | undefined;
  readonly health: TrunkHealth | undefined;
  readonly load: number;
}

function shownTrunk(trunk: Trunk, { topology, health, load }: TrunkSurroundings): ShownTrunk {
  const gateway = topology?.gateways.find(({ name }) => name === trunk.gateway);
  const listener = topology?.pools
    .find(({ name }) => name === trunk.pool)
    ?.listeners.find(({ name }) => name === trunk.listener);
  return {
    name: trunk.name,
    pool: trunk.pool,
    listener: trunk.listener,
    gateway: trunk.gateway,
    kind: gateway?.kind ?? "",
    address: gateway?.address ?? "",
    port: trunk.port,
    transport: listener?.transport ?? "",
    enabled: trunk.settings.enabled,
    maxCalls: trunk.settings.maxCalls,
    maxCallsPerSecond: trunk.settings.maxCallsPerSecond,
    load,
    health: {
      state: health?.state ?? "unknown",
      sinceMs: health?.sinceMs ?? null,
      lastCode: health?.lastCode ?? null,
      reason: health?.reason ?? "not probed yet",
    },
  };
}
