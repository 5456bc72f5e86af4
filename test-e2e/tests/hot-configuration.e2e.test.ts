import { until } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology, type TestTopology } from "../harness/topology.ts";

const [p1, p2, addedPort] = await sipPorts(3);
let topology: TestTopology;
let cluster: TestCluster;

beforeAll(async () => {
  topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { t1: { port: p1 }, t2: { port: p2 } },
    routes: [{ name: "all", match: "^.*$", usages: ["any"], trunks: ["t1"] }],
  });
  cluster = await startCluster(topology);
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

const routedTo = (trunk: string) => ({
  ...topology.document,
  routes: [{ name: "all", match: "^.*$", usages: ["any"], trunks: [trunk] }],
});

/** Gives the version. */
async function publish(document: unknown): Promise<number> {
  const { status, body } = await cluster.api.putTopology(document);
  expect(status).toBe(200);
  return (body as { readonly version: number }).version;
}

async function untilInForce(version: number): Promise<void> {
  for (const worker of ["worker-east-1", "worker-east-2"]) {
    await until(async () => (await cluster.metric(worker, "tandem_topology_version")) === version, {
      what: `the new topology at ${worker}`,
    });
  }
}

describe("B16: the topology may change under load", () => {
  it("50 calls a second and a route change in their midst: none is lost, and new calls use the new route", async () => {
    const calls = 300;
    for (const port of [p1, p2]) {
      await startUas({ scenario: "uas-basic-expect-200", port, calls: 2 * calls, logMessages: false });
    }
    await untilInForce(await publish(routedTo("t1")));
    const before = cluster.callRecords().length;
    const target = cluster.port("core");
    const common = { scenario: "uac-basic-expect-200", target, service: "100", logMessages: false } as const;
    const uac = await startUac({ ...common, calls, rate: 50, holdMs: 500 });
    await cluster.recordsOf(before + 20);
    const version = await publish(routedTo("t2"));
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: calls, failed: 0 });
    const during = (await cluster.recordsOf(before + calls)).slice(before);
    expect(during).toHaveLength(calls);
    expect(during.toSorted((one, other) => one.startMs - other.startMs)[0]?.egressTrunk).toBe("t1");
    // On a machine that paused, all of them may have been placed before a worker heard of the change.
    await untilInForce(version);
    const late = await startUac({ ...common, calls: 10, rate: 10, holdMs: 20 });
    expect(await late.result).toMatchObject({ exitCode: 0, completed: 10, failed: 0 });
    const after = (await cluster.recordsOf(before + calls + 10)).slice(before + calls);
    expect(after.map(({ egressTrunk }) => egressTrunk)).toEqual(after.map(() => "t2"));
  });

  it("a listener that was added needs the edges started again: log, metric and API say so until it is taken back", async () => {
    interface PoolBody {
      readonly members: readonly { readonly facts: { readonly edgesOutdated?: number } }[];
    }
    const outdated = async () => {
      const [pool] = (await cluster.api.get("/v1/pools")).body as readonly PoolBody[];
      return pool?.members.reduce((sum, { facts }) => sum + (facts.edgesOutdated ?? 0), 0) ?? 0;
    };
    const before = routedTo("t2");
    const added = { name: "added", address: "127.0.0.1", port: addedPort, transport: "udp" } as const;
    const pools = before.pools.map((pool) => ({ ...pool, listeners: [...pool.listeners, added] }));
    expect((await cluster.api.putTopology({ ...before, pools })).status).toBe(200);
    await until(async () => (await outdated()) > 0, { what: "the API showing it" });
    // The other worker may have been the first to say so.
    const metric = () => cluster.metric("worker-east-1", "tandem_edges_outdated", { pool: "east" });
    await until(async () => (await metric()) === 1, { what: "the metric showing it" });
    await until(() => cluster.logOf("worker-east-1").includes('"differences":["added is not open"]'), {
      what: "the log line",
    });
    expect((await cluster.api.putTopology(before)).status).toBe(200);
    await until(async () => (await outdated()) === 0, { what: "the API showing none" });
  });

  it("an invalid document is refused whole, and calls go on as before", async () => {
    const before = cluster.callRecords().length;
    const broken = { ...routedTo("t1"), routes: [{ name: "all", match: "^.*$", usages: ["any"], trunks: ["gone"] }] };
    const answer = await cluster.api.putTopology(broken);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain("routes[0].trunks[0]");
    await startUas({ scenario: "uas-basic-expect-200", port: p2 });
    const uac = await startUac({
      scenario: "uac-basic-expect-200",
      target: cluster.port("core"),
      service: "100",
      holdMs: 20,
    });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await cluster.recordsOf(before + 1)).at(-1)).toMatchObject({ egressTrunk: "t2" });
  });
});
