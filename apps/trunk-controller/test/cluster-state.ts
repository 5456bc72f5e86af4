import {
  connectRedis,
  createDetailRecordStream,
  createMembership,
  createNoticeLog,
  createNotificationBook,
  createProbeExchange,
  createRedisCallStore,
  createRedisTrunkGate,
  createTopologyRegistry,
  createTrunkHealthBoard,
} from "@tandem/adapter-redis";
import type { ProbeRequest, ProbeResult, TrunkHealth } from "@tandem/call-control";
import { valueOf } from "@tandem/testkit/contracts";

/** The cluster's state as the other processes see it. */
export function clusterState(url: string) {
  const connection = valueOf(connectRedis(url));
  const membership = createMembership(connection);
  const board = createTrunkHealthBoard(connection);
  return {
    topology: createTopologyRegistry(connection),
    board,
    store: createRedisCallStore(connection),
    gate: createRedisTrunkGate(connection),
    details: createDetailRecordStream(connection),
    notices: createNoticeLog(connection),
    notifications: createNotificationBook(connection),
    probes: createProbeExchange(connection),
    /** Puts something into a stream that no process of ours would write. */
    spoil: async (stream: string, json: string): Promise<void> => {
      valueOf(
        await connection.run("spoil", (client) => client.xadd(stream, "*", "id", "x", "kind", "call", "json", json)),
      );
    },
    async health(trunk: string): Promise<TrunkHealth | undefined> {
      const all = await board.all();
      return all.ok ? all.value.get(trunk) : undefined;
    },
    /** Controllers on the membership list, the leader marked. */
    async controllers(): Promise<readonly string[]> {
      const members = await membership.members();
      const found = members.ok ? members.value.filter(({ role }) => role === "controller") : [];
      return found.map(({ id, facts }) => (facts["leader"] === 1 ? `${id} leader` : id)).toSorted();
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

export type ClusterState = ReturnType<typeof clusterState>;

/** A worker of the pool `main` that answers probes as it is told and counts them. */
export async function fakeWorker(state: ClusterState) {
  const worker = {
    answer: { outcome: "answered", code: 200 } as Pick<ProbeResult, "outcome" | "code">,
    requests: [] as ProbeRequest[],
  };
  const unserve = valueOf(
    await state.probes.serve("main", (request) => {
      worker.requests.push(request);
      return Promise.resolve({ id: request.id, trunk: request.trunk, ...worker.answer, roundTripMs: 1 });
    }),
  );
  return Object.assign(worker, { [Symbol.asyncDispose]: unserve });
}

/** One pool, a core and a carrier, probed every second; the carrier is down after two misses. */
export const document = {
  pools: [
    {
      name: "main",
      listeners: [
        { name: "inside", address: "127.0.0.1", port: 5060, transport: "udp", serves: "callers" },
        { name: "outside", address: "127.0.0.1", port: 5062, transport: "udp" },
      ],
    },
  ],
  gateways: [
    { name: "core", kind: "core", address: "127.0.0.1" },
    { name: "carrier", kind: "pstn", address: "127.0.0.1" },
  ],
  trunks: [
    {
      name: "to-core",
      pool: "main",
      listener: "inside",
      gateway: "core",
      port: 5080,
      usages: ["outbound"],
      probe: { enabled: false },
    },
    {
      name: "to-carrier",
      pool: "main",
      listener: "outside",
      gateway: "carrier",
      port: 5082,
      maxCalls: 10,
      probe: { interval: "1s", downInterval: "1s", failuresToDown: 2, successesToUp: 1 },
    },
  ],
  routes: [{ name: "out", match: "^\\+", usages: ["outbound"], trunks: ["to-carrier"] }],
  emergency: { fallbackTrunks: ["to-carrier"] },
};

export async function publish(state: ClusterState, topology: object, expected: number | null): Promise<void> {
  valueOf(await state.topology.publish({ json: JSON.stringify(topology), author: "test", atMs: Date.now() }, expected));
}
