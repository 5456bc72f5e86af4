import type { CallDetailRecord } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { forgetAll, hangUp, invite, requestAtLast, SDP, session, setUp } from "../harness/scripted-call.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { sipPort } from "../harness/ports.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000 });
const load = await sipPort();
const WORKERS = ["worker-east-1", "worker-east-2"] as const;

let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { bob: { port: bob.port }, load: { port: load, maxCalls: 500 } },
    routes: [
      { name: "bob", match: "^100$", usages: ["any"], trunks: ["bob"] },
      { name: "load", match: "^200$", usages: ["any"], trunks: ["load"] },
    ],
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await stopAllSipp();
  await cluster?.stop();
  await Promise.all([alice.close(), bob.close()]);
});
beforeEach(() => forgetAll([alice, bob]));

const bothWorkers = () => untilWorkers(cluster, 2);

describe("kill -9 of a worker", () => {
  it.each(WORKERS)("%s between answer and BYE: the BYE completes on both legs, one detail record", async (worker) => {
    const call = await setUp({ caller: alice, callee: bob, to });
    await killProcess(cluster, worker);
    call.caller.request("BYE");
    bob.reply(await bob.expect("BYE"), 200);
    await alice.expect("200 BYE");
    expect(await recordsOf(call.sent)).toMatchObject([{ sipCode: 200, endedBy: "caller" }]);
    await bothWorkers();
  });

  it("both workers between answer and re-INVITE: the session changes, then ends", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    for (const worker of WORKERS) await killProcess(cluster, worker);
    const offer = { method: "INVITE", headers: [SDP], body: session(2, 2, "sendonly") };
    const offered = await requestAtLast(call.callee, { asking: bob, answering: alice }, offer);
    expect(offered.message.body).toContain("a=sendonly");
    alice.reply(offered, 200, { headers: [SDP], body: session(1, 2, "recvonly") });
    await bob.expect("200 INVITE");
    call.callee.ack({}, call.callee.sequence);
    await alice.expect("ACK");
    call.callee.request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await bob.expect("200 BYE");
    await recordsOf(call.sent);
    await bothWorkers();
  });

  it.each([
    ["the one that sets the call up", async () => [await workerInSetup()]],
    ["both, one after the other", async () => WORKERS],
  ] as const)(
    "%s, while it rings: the called side rings on, and the call is set up; one record",
    async (_who, victims) => {
      const sent = invite(alice, to);
      const arrived = await bob.expect("INVITE");
      bob.reply(arrived, 180);
      await alice.expect(180);
      for (const worker of await victims()) {
        // An edge whose workers are all gone holds the INVITE for 8 s, and a slow machine starts none in that time.
        await bothWorkers();
        await killProcess(cluster, worker);
      }
      const accepted = bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
      const answer = await alice.expect("200 INVITE");
      const caller = alice.dialogAsCaller(sent, answer);
      caller.ack();
      await bob.expect("ACK");
      await hangUp({ caller, callee: bob.dialogAsCallee(arrived, accepted), sent, arrived, answer }, alice, bob);
      // One INVITE, though it may have been repeated, and no CANCEL: our Call-IDs begin with the call's id.
      const callId = arrived.message.get("Call-ID") ?? "";
      const others = bob.untaken.filter(({ message }) => message.get("Call-ID")?.startsWith(callId.slice(0, 26)));
      expect(others.filter(({ message }) => message.method === "CANCEL")).toEqual([]);
      expect(others.every(({ message }) => message.get("Call-ID") === callId)).toBe(true);
      expect(await recordsOf(sent)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
      await bothWorkers();
    },
  );

  /** The worker with a call in set-up; each announces it within seconds. */
  async function workerInSetup(): Promise<string> {
    interface MemberBody {
      readonly id: string;
      readonly facts: { readonly activeSetups?: number };
    }
    let found = "";
    await until(
      async () => {
        const members = (await cluster.api.get("/v1/members")).body as readonly MemberBody[];
        found = members.find(({ facts }) => (facts.activeSetups ?? 0) > 0)?.id ?? "";
        return found !== "";
      },
      { what: "the worker that sets the call up" },
    );
    return found;
  }

  it("under 20 calls a second: every established call ends with BYE, every call has one record, no lease is left", async () => {
    const calls = 120;
    const before = cluster.callRecords().length;
    await startUas({ scenario: "uas-basic-expect-200", port: load, calls: 2 * calls, logMessages: false });
    const uac = await startUac({
      scenario: "uac-basic-expect-200",
      target: to.port,
      service: "200",
      calls,
      rate: 20,
      holdMs: 2_000,
      logMessages: false,
    });
    await until(async () => (await trunkLoad("load")) > 20, { what: "calls under way" });
    await killProcess(cluster, WORKERS[0]);
    const result = await uac.result;
    expect(result.completed).toBeGreaterThanOrEqual(calls - 2);
    await until(async () => (await trunkLoad("load")) === 0, { what: "no load left", limitMs: 60_000 });
    const ids = (await cluster.recordsOf(before + calls, 60_000)).slice(before).map(({ callId }) => callId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** Detail records of the caller's INVITE, once there is one. */
async function recordsOf(sent: SipMessage): Promise<readonly CallDetailRecord[]> {
  const mine = () => cluster.callRecords().filter(({ sipCallId }) => sipCallId === sent.get("Call-ID"));
  await until(() => mine().length > 0, { what: "the call's detail record", limitMs: 60_000 });
  return mine();
}

async function trunkLoad(trunk: string): Promise<number> {
  const { body } = await cluster.api.get(`/v1/trunks/${trunk}`);
  return (body as { readonly load: number }).load;
}
