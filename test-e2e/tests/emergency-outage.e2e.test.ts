import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { pidOf } from "../harness/kill.ts";
import { forgetAll, hangUp, invite, setUp, setUpAtLast } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 30_000 });
const bob = await SipPeer.open({ user: "bob" });
const sos = await SipPeer.open({ user: "sos", patienceMs: 30_000 });
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    trunks: { bob: { port: bob.port }, sos: { port: sos.port, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology, { environment: { TANDEM_MAX_SETUPS: "3" } });
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
});
beforeEach(() => forgetAll([alice, bob, sos]));

/** Processes of these ids stand still while `act` runs, as if they were gone. */
async function without(pids: readonly number[], act: () => Promise<void>): Promise<void> {
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await act();
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

const pidsOf = (...roles: readonly string[]) =>
  cluster.processes.filter(({ role }) => roles.includes(role)).map(({ pid }) => pid);

const CALLS = 9;
/** The shortest of the bounds by which an emergency call waits for Redis: that of its claim. There are two more. */
const LEAST_WAIT_MS = 150;

/** How long a 911 call takes from its INVITE to its answer (ms), when the called side rings and answers at once; it is hung up. */
async function setUpMs(): Promise<number> {
  const startedMs = performance.now();
  const call = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
  const tookMs = performance.now() - startedMs;
  await hangUp(call, alice, sos);
  return tookMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Infinity;
}

describe("an emergency call", () => {
  it("is served with controller and control API gone", async () => {
    await without(pidsOf("controller", "control-api"), async () => {
      const call = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
      await hangUp(call, alice, sos);
    });
  });

  it("is served with Redis gone, and has its record when Redis is back", async () => {
    const before = cluster.callRecords().length;
    await without([cluster.redisPid], async () => {
      const call = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
      await hangUp(call, alice, sos);
    });
    await until(() => cluster.callRecords().length > before, { what: "its record", limitMs: 30_000 });
    expect(cluster.callRecords().at(-1)).toMatchObject({ sipCode: 200, emergency: { number: "911" } });
  });

  it("waits for nothing once Redis was found to hang, and as ever when it answers again", async () => {
    const away = () => cluster.metric("worker-east-1", "tandem_redis_primaries_away");
    const delays: number[] = [];
    await without([cluster.redisPid], async () => {
      await until(async () => (await away()) === 1, { what: "Redis found away" });
      for (let calls = 0; calls < CALLS; calls += 1) delays.push(await setUpMs());
    });
    // A pause of the machine is one call's delay, or two's, and not half of them all.
    expect(median(delays)).toBeLessThan(LEAST_WAIT_MS);
    await until(async () => (await away()) === 0, { what: "Redis found back" });
    expect(cluster.logOf("worker-east-1").match(/Redis is away/g)).not.toBeNull();
    const total = async () => ((await cluster.api.get("/v1/calls?limit=1")).body as { readonly total: number }).total;
    await until(async () => (await total()) === 0, { what: "what was left to store", limitMs: 30_000 });
  });

  it("is served by a worker that was started while Redis was gone, from the topology it knew last", async () => {
    const worker = await pidOf(cluster, "worker-east-1");
    await without([cluster.redisPid], async () => {
      process.kill(worker, "SIGKILL");
      // The edge holds the INVITE until there is a worker, and says when to come back where that takes longer than 8 s.
      const call = await setUpAtLast({ caller: alice, callee: sos, to }, { number: "911" });
      await hangUp(call, alice, sos);
    });
    expect(cluster.logOf("worker-east-1")).toContain("topology taken from the cache");
  });

  it("is served when ordinary calls are shed (B15)", async () => {
    await until(async () => (await cluster.metric("worker-east-1", "tandem_redis_connected")) === 1, {
      what: "Redis back",
    });
    const ordinary = Array.from({ length: 15 }, () => invite(alice, to));
    const shed = await alice.expect("503 INVITE");
    expect(Number(shed.message.get("Retry-After"))).toBeGreaterThan(0);
    for (let calls = 0; calls < 5; calls += 1) {
      const call = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
      await hangUp(call, alice, sos);
    }
    expect(ordinary).toHaveLength(15);
  });
});
