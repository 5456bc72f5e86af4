import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { sipPort } from "../harness/ports.ts";
import { forgetAll, hangUp, invite, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const PLACES = 3;
const slow = await sipPort();
const [alice, few, free] = (await Promise.all(["alice", "few", "free"].map((user) => SipPeer.open({ user })))) as [
  SipPeer,
  SipPeer,
  SipPeer,
];
/** Calls on the trunk with few places. */
const up = new Set<ScriptedCall>();
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: {
      few: { port: few.port, maxCalls: PLACES },
      slow: { port: slow, maxCallsPerSecond: 5 },
      free: { port: free.port },
    },
    routes: [
      { name: "few", match: "^100$", usages: ["any"], trunks: ["few"] },
      { name: "few-then-free", match: "^200$", usages: ["any"], trunks: ["few", "free"] },
      { name: "slow", match: "^300$", usages: ["any"], trunks: ["slow"] },
    ],
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
beforeEach(() => forgetAll([alice, few, free]));
afterEach(async () => {
  // What a test that failed left up holds places.
  for (const call of up) await end(call).catch(() => undefined);
  up.clear();
  await stopAllSipp();
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, few, free].map((peer) => peer.close()));
});

async function loadOf(trunk: string): Promise<number> {
  const { body } = await cluster.api.get(`/v1/trunks/${trunk}`);
  return (body as { readonly load: number }).load;
}

const untilLoad = (trunk: string, load: number) =>
  until(async () => (await loadOf(trunk)) === load, { what: `load ${load} on trunk ${trunk}` });

async function begin(): Promise<ScriptedCall> {
  const call = await setUp({ caller: alice, callee: few, to });
  up.add(call);
  return call;
}

async function end(call: ScriptedCall): Promise<void> {
  up.delete(call);
  await hangUp(call, alice, few);
}

/** As many calls as the trunk may have, up until they are ended. */
async function fill(): Promise<readonly ScriptedCall[]> {
  // The last call of the test before may hold its place for a moment longer than its caller knows of it.
  await untilLoad("few", 0);
  const calls: ScriptedCall[] = [];
  while (calls.length < PLACES) calls.push(await begin());
  await untilLoad("few", PLACES);
  return calls;
}

async function endAll(calls: readonly ScriptedCall[]): Promise<void> {
  for (const call of calls) await end(call);
  await untilLoad("few", 0);
}

describe("calls at once on a trunk", () => {
  it("the trunk is full: the next call gets 503, and after a BYE there is room again", async () => {
    const [first, ...others] = await fill();
    const sent = invite(alice, to);
    alice.ackFailure(sent, await alice.expect("503 INVITE", sent.get("Call-ID")));
    await end(first!);
    await untilLoad("few", PLACES - 1);
    await endAll([...others, await begin()]);
  });

  it("the trunk is full: a route with another trunk uses that", async () => {
    const calls = await fill();
    const other = await setUp({ caller: alice, callee: free, to }, { number: "200" });
    await hangUp(other, alice, free);
    await endAll(calls);
  });

  it("kill -9 of both workers with the trunk full leaks nothing: the BYEs are served and the room is there again", async () => {
    const calls = await fill();
    for (const name of ["worker-east-1", "worker-east-2"]) await killProcess(cluster, name);
    await untilWorkers(cluster, 2);
    await endAll(calls);
    await endAll(await fill());
  });
});

describe("new calls per second on a trunk", () => {
  it("20 calls in a burst on a trunk of 5 a second: not more than two seconds' worth pass, the rest get 503", async () => {
    const records = () => cluster.callRecords().filter(({ calledNumber }) => calledNumber === "300");
    await startUas({ scenario: "uas-basic-expect-200", port: slow, calls: 20 });
    const burst = await startUac({
      scenario: "uac-basic-or-503",
      target: to.port,
      service: "300",
      calls: 20,
      rate: 200,
      holdMs: 20,
    });
    expect(await burst.result).toMatchObject({ exitCode: 0, completed: 20 });
    await until(() => records().length === 20, { what: "20 records" });
    const codes = records().map(({ sipCode }) => sipCode);
    const passed = codes.filter((code) => code === 200).length;
    expect(passed).toBeGreaterThanOrEqual(5);
    const startMs = records().map((record) => record.startMs);
    const seconds = (Math.max(...startMs) - Math.min(...startMs)) / 1_000;
    // A burst takes a tenth of a second, and more on a machine that pauses in its midst.
    expect(passed).toBeLessThanOrEqual(5 * (Math.floor(seconds) + 2));
    expect(codes.filter((code) => code === 503)).toHaveLength(20 - passed);
  });
});
