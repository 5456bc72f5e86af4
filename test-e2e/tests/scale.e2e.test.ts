import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { untilWorkers } from "../harness/kill.ts";
import { forgetAll, hangUp, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000 });
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { arrangement: "split", workers: 1 } },
    trunks: { bob: { port: bob.port } },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice.close(), bob.close()]);
});
beforeEach(() => forgetAll([alice, bob]));

interface Scale {
  readonly desired: { readonly workers: number; readonly edges: number };
  readonly current: { readonly workers: number; readonly edges: number };
}

const scaleOf = async (): Promise<Scale> => (await cluster.api.get("/v1/pools/east/scale")).body as Scale;

async function scaleTo(wanted: { readonly workers: number; readonly edges?: number }): Promise<void> {
  expect((await cluster.api.put("/v1/pools/east/scale", wanted)).status).toBe(202);
  await until(
    async () => {
      const { desired, current } = await scaleOf();
      return desired.workers === current.workers && desired.edges === current.edges;
    },
    { what: `the pool with ${JSON.stringify(wanted)}`, limitMs: 60_000 },
  );
}

describe("a pool scaled while calls are up", () => {
  it("grows and shrinks; the call of a worker that went ends as it should", async () => {
    const before = cluster.callRecords().length;
    const call = await setUp({ caller: alice, callee: bob, to });
    await scaleTo({ workers: 3, edges: 2 });
    await untilWorkers(cluster, 3);
    const other = { address: "127.0.0.2", port: to.port };
    // The new edge lets the INVITE wait until a worker has looked at the file again.
    const second = await setUp({ caller: alice, callee: bob, to: other });
    await hangUp(second, alice, bob);

    const large = await setUp({ caller: alice, callee: bob, to });
    await scaleTo({ workers: 1, edges: 1 });
    await untilWorkers(cluster, 1);
    await hangUp(call, alice, bob);
    await hangUp(large, alice, bob);
    const records = (await cluster.recordsOf(before + 3)).slice(before);
    expect(records.map(({ sipCode }) => sipCode)).toEqual([200, 200, 200]);
    expect(await scaleOf()).toEqual({
      pool: "east",
      desired: { workers: 1, edges: 1 },
      current: { workers: 1, edges: 1 },
    });
  });

  it("refuses to have nobody left", async () => {
    expect((await cluster.api.put("/v1/pools/east/scale", { workers: 0 })).status).toBe(400);
    expect((await cluster.api.put("/v1/pools/west/scale", { workers: 1 })).status).toBe(404);
    const call = await setUp({ caller: alice, callee: bob, to });
    await hangUp(call, alice, bob);
  });
});
