import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { isAlive, livingPidOf, untilWorkers } from "../harness/kill.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000 });
const sos = await SipPeer.open({ user: "sos" });
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { bob: { port: bob.port }, sos: { port: sos.port, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  // Longer than the test needs to look at both workers and to answer, on a machine that pauses.
  cluster = await startCluster(topology, { args: ["--drain", "20"] });
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
});
beforeEach(() => forgetAll([alice, bob, sos]));

const optionsStatus = async (): Promise<number> => {
  alice.request("OPTIONS", to);
  return (await alice.expect((message) => message.method === "OPTIONS" && message.kind === "response")).message.status;
};

/** Status of a worker's probe. */
const probe = async (metrics: string, path: string): Promise<number> =>
  (await fetch(metrics.replace("/metrics", path))).status;

async function drainPool(verb: "drain" | "undrain"): Promise<void> {
  expect((await cluster.api.post(`/v1/pools/east/${verb}`)).status).toBe(200);
  const wanted = verb === "drain" ? 503 : 200;
  // Both workers must have seen the wish: requests go to either.
  let inARow = 0;
  await until(async () => (inARow = (await optionsStatus()) === wanted ? inARow + 1 : 0) >= 6, { what: verb });
}

describe("A11: draining a pool", () => {
  it("OPTIONS and new calls get 503, calls that are up go on, emergency calls are served, and undrain ends it", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    await drainPool("drain");
    const refusedInvite = invite(alice, to);
    const refused = await alice.expect("503 INVITE");
    expect(Number(refused.message.get("Retry-After"))).toBeGreaterThan(0);
    alice.ackFailure(refusedInvite, refused);

    call.callee.request("INVITE", { headers: [SDP], body: session(2, 2, "sendonly") });
    alice.reply(await alice.expect("INVITE"), 200, { headers: [SDP], body: session(1, 2, "recvonly") });
    await bob.expect("200 INVITE");
    call.callee.ack({}, call.callee.sequence);
    await alice.expect("ACK");
    await hangUp(call, alice, bob);

    const emergency = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
    await hangUp(emergency, alice, sos);

    await drainPool("undrain");
    const after = await setUp({ caller: alice, callee: bob, to });
    await hangUp(after, alice, bob);
  });

  it("a worker that gets SIGTERM while it rings finishes that setup before it goes", async () => {
    // Those of now: an earlier test may have ended the ones that the cluster began with.
    await untilWorkers(cluster, 2);
    const workers = await Promise.all(
      cluster.processes
        .filter(({ role }) => role === "worker")
        .map(async ({ name, metrics }) => ({ metrics, pid: await livingPidOf(cluster, name) })),
    );
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 180);
    await alice.expect(180);
    for (const { pid } of workers) process.kill(pid, "SIGTERM");
    // The one with nothing under way goes at once; the one that has the setup is taken out of rotation, not restarted.
    const running = () => workers.filter(({ pid }) => isAlive(pid));
    const probed = (path: string) => Promise.all(running().map(({ metrics }) => probe(metrics, path)));
    await until(() => running().length === 1, { what: "the idle worker's end" });
    // It had its signal at the same time as the other, and may be slower to take it.
    await until(async () => (await probed("/readyz"))[0] === 503, { what: "the ringing worker out of rotation" });
    expect(await probed("/livez")).toEqual([200]);
    bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const answer = await alice.expect("200 INVITE");
    const dialog = alice.dialogAsCaller(sent, answer);
    dialog.ack();
    await bob.expect("ACK");
    // The established call is simply left to the others: they are gone in seconds, and the call ends by whoever is there then.
    for (const { pid } of workers) await until(() => !isAlive(pid), { what: "the drained worker's end" });
    dialog.request("BYE");
    bob.reply(await bob.expect("BYE"), 200);
    await alice.expect("200 BYE");
  });
});
