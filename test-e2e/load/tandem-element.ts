import { startCluster } from "../harness/cluster.ts";
import { makeTopology } from "../harness/topology.ts";
import type { Destinations, Element } from "./element.ts";

/** One edge and one worker with their Redis on the given core. */
export const startSplit = (destinations: Destinations, core: string): Promise<Element> =>
  startTandem(destinations, { core, arrangement: "split" });

/** The same in one process. */
export const startFused = (destinations: Destinations, core: string): Promise<Element> =>
  startTandem(destinations, { core, arrangement: "fused" });

async function startTandem(
  { gateways, probe }: Destinations,
  { core, arrangement }: { readonly core: string; readonly arrangement: "split" | "fused" },
): Promise<Element> {
  const [first, second] = gateways;
  const topology = await makeTopology({
    pools: { east: { arrangement } },
    trunks: {
      first: { port: first },
      second: { port: second },
      probe: { port: probe },
      sos: { port: probe, kind: "e911" },
    },
    emergency: { trunks: ["sos"] },
    routes: [
      { name: "probe", match: "^999$", usages: ["any"], trunks: ["probe"] },
      { name: "load", match: "^100$", usages: ["any"], trunks: ["first", "second"], strategy: "weight" },
    ],
  });
  const cluster = await startCluster(topology, { cores: core, args: ["--log-level", "warn"] });
  const pidsOf = (role: string) => cluster.processes.filter((process) => process.role === role).map(({ pid }) => pid);
  return {
    name: `Tandem ${arrangement}`,
    port: cluster.port("core"),
    parts: {
      ...(arrangement === "fused" ? { fused: pidsOf("worker") } : { edge: pidsOf("edge"), worker: pidsOf("worker") }),
      others: [...pidsOf("controller"), ...pidsOf("control-api")],
      redis: [cluster.redisPid],
    },
    redis: cluster.redisUrl.replace("redis://", ""),
    stop: () => cluster.stop(),
  };
}
