import { err, ok, type Result, type Topology } from "@tandem/domain";
import { formatSocketAddress } from "@tandem/runtime";
import type { Behaviour } from "@tandem/simulated-peer";
import { SAMPLE_CALLS } from "./sample-calls.ts";

/** A gateway to play. */
export interface PlannedGateway {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly behaviour: Behaviour;
}

/** Which gateways to play, which of them calls, and where its calls enter the cluster. */
export interface SimulationPlan {
  readonly gateways: readonly PlannedGateway[];
  readonly caller: string;
  /** `host:port` of the listener towards the caller. */
  readonly target: string;
}

/** The carrier that has no free circuit in the demonstration. */
const REFUSING_GATEWAY = "carrier-a";

/** Plays every gateway of the topology at every port its trunks name. The error says why a topology cannot be played. */
export function planSimulation(topology: Topology): Result<SimulationPlan, string> {
  const core = topology.gateways.find(({ kind }) => kind === "core");
  const entry = topology.trunks.find(({ gateway }) => gateway === core?.name);
  const listener = topology.pools
    .find(({ name }) => name === entry?.pool)
    ?.listeners.find(({ name }) => name === entry?.listener);
  const wanted = new Set(SAMPLE_CALLS.flatMap(({ expected }) => expected.attempts.map(({ trunk }) => trunk)));
  const missing = [...wanted].find((trunk) => !topology.trunks.some(({ name }) => name === trunk));
  if (core === undefined || listener === undefined || missing !== undefined) {
    const reason = missing === undefined ? "has no trunk towards a core" : `has no trunk ${missing}`;
    return err(`The sample calls need the sample topology, and this one ${reason}; add --no-demo to serve real peers.`);
  }
  const gateways = topology.gateways.flatMap(({ name, address }) => {
    const ports = new Set(topology.trunks.filter(({ gateway }) => gateway === name).map(({ port }) => port));
    const behaviour: Behaviour = name === REFUSING_GATEWAY ? "refuses" : "answers";
    return [...ports].map((port): PlannedGateway => ({ name, address, port, behaviour }));
  });
  return ok({
    gateways,
    caller: core.name,
    target: formatSocketAddress({ host: listener.address, port: listener.port }),
  });
}
