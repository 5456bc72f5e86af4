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

describe("B16: the topology may change under load", () => {
  it("50 calls a second and a route change in their midst: none is lost, and new calls use the new route", async () => {
    const calls = 300;
    for (const port of [p1, p2]) {
      await startUas({ scenario: "uas-basic-expect-200", port, calls: 2 * calls, logMessages: false });
    }
    const uac = await startUac({
      scenario: "uac-basic-expect-200",
      target: cluster.port("core"),
      service: "100",
      calls,
      rate: 50,
      holdMs: 500,
      logMessages: false,
    });
    await cluster.recordsOf(20);
    expect((await cluster.api.putTopology(routedTo("t2"))).status).toBe(200);
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: calls, failed: 0 });
    const records = await cluster.recordsOf(calls);
    expect(records).toHaveLength(calls);
    const trunks = records.toSorted((one, other) => one.startMs - other.startMs).map(({ egressTrunk }) => egressTrunk);
    expect(trunks[0]).toBe("t1");
    expect(trunks.at(-1)).toBe("t2");
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
    expect(await cluster.metric("worker-east-1", "tandem_edges_outdated", { pool: "east" })).toBe(1);
    expect(cluster.logOf("worker-east-1")).toContain('"differences":["added is not open"]');
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
