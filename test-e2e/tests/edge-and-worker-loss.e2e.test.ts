import type { SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { freezeSupervisor, killForGood, livingPidOf, type FrozenSupervisor } from "../harness/kill.ts";
import { heldPlaces } from "../harness/held-places.ts";
import { forgetAll, hangUp, invite, SDP, session, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 40_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 40_000 });
const sos = await SipPeer.open({ user: "sos", patienceMs: 40_000 });

const KINDS = [
  ["an ordinary call", "100", bob],
  ["an emergency call", "911", sos],
] as const;

/** What dies at once: the process by which the caller came, and the worker that has his call. */
const ARRANGEMENTS = [
  { arrangement: "fused", edges: ["worker-east-1", "worker-east-2"], workers: ["worker-east-1", "worker-east-2"] },
  { arrangement: "split", edges: ["edge-east-1", "edge-east-2"], workers: ["worker-east-1", "worker-east-2"] },
] as const;

const callIdOf = (call: SipMessage | Arrived): string | undefined =>
  "message" in call ? call.message.get("Call-ID") : call.get("Call-ID");
const top = (arrived: Arrived): string => arrived.message.get("Via")?.split(";rport")[0] ?? "";
const requests = (called: SipPeer, method: string): readonly Arrived[] =>
  called.untaken.filter(({ message }) => message.kind === "request" && message.method === method);

interface RingingCall {
  readonly sent: SipMessage;
  readonly first: Arrived;
  readonly worker: string;
}

describe.each(ARRANGEMENTS)(
  "kill -9 of edge and worker at once, $arrangement, the caller silent after his 180",
  (pool) => {
    let cluster: TestCluster;
    let frozen: FrozenSupervisor | null = null;

    beforeAll(async () => {
      const topology = await makeTopology({
        pools: { east: { arrangement: pool.arrangement, edges: 2, workers: 2 } },
        trunks: { bob: { port: bob.port, maxCalls: 10 }, sos: { port: sos.port, kind: "e911" } },
        emergency: { trunks: ["sos"] },
      });
      cluster = await startCluster(topology);
    });
    beforeEach(async () => {
      forgetAll([alice, bob, sos]);
      // What was killed before is there again, and known to all.
      const edges = (name: string): Promise<number> => cluster.metric(name, "tandem_edges_connected").catch(() => 0);
      const isWhole = async (): Promise<boolean> =>
        (await Promise.all(pool.workers.map(edges))).every((count) => count === pool.edges.length);
      await until(isWhole, { what: "every edge at every worker", limitMs: 60_000 });
    });
    afterEach(() => {
      frozen?.thaw();
      frozen = null;
    });
    afterAll(() => cluster?.stop());

    function listener(name: string): PeerAddressOf {
      const listeners = cluster.processes.find((process) => process.name === name)?.listeners ?? [];
      const [address = "", port] = listeners.find(({ name: wanted }) => wanted === "core")?.address.split(":") ?? [];
      return { address, port: Number(port) };
    }

    const setups = (): Promise<readonly number[]> =>
      Promise.all(pool.workers.map((name) => cluster.metric(name, "tandem_setups_active")));

    /** The record says that the call rings: that is written some ms after the caller heard it. */
    async function isRinging(callId: string | undefined): Promise<boolean> {
      const { body } = await cluster.api.get("/v1/calls?limit=10");
      const { calls } = body as {
        readonly calls: readonly { readonly sipCallId: string; readonly ringMs: number | null }[];
      };
      return calls.some(({ sipCallId, ringMs }) => sipCallId === callId && ringMs !== null);
    }

    /** The caller hears that it rings. `worker` has the call. */
    async function ringing(number: string, called: SipPeer): Promise<RingingCall> {
      const before = await setups();
      const sent = invite(alice, listener(pool.edges[0]), { number });
      const first = await called.expect("INVITE");
      called.reply(first, 180);
      await alice.expect(180, callIdOf(sent));
      await until(() => isRinging(callIdOf(sent)), { what: "the ringing in the record" });
      const after = await setups();
      const worker = pool.workers.find((_, at) => (after[at] ?? 0) > (before[at] ?? 0)) ?? "";
      return { sent, first, worker };
    }

    async function killBoth(worker: string): Promise<void> {
      frozen = await freezeSupervisor(cluster);
      for (const name of new Set([pool.edges[0], worker])) await killForGood(cluster, name);
    }

    async function answerAndEnd(sent: SipMessage, arrived: Arrived, called: SipPeer): Promise<void> {
      const accepted = called.reply(arrived, 200, { headers: [SDP], body: session(2) });
      const answer = await alice.expect("200 INVITE", callIdOf(sent));
      const caller = alice.dialogAsCaller(sent, answer);
      caller.ack();
      await called.expect("ACK", callIdOf(arrived));
      const call: ScriptedCall = { caller, callee: called.dialogAsCallee(arrived, accepted), sent, arrived, answer };
      await hangUp(call, alice, called);
    }

    async function oneRecord(before: number): Promise<void> {
      const records = (await cluster.recordsOf(before + 1)).slice(before);
      expect(records).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
      await until(async () => (await heldPlaces(cluster.redisUrl, ["bob"])) === 0, { what: "no place held" });
    }

    it.each(KINDS)(
      "%s: where nothing comes back, what rings is cancelled first, then called again and answered",
      async (_what, number, called) => {
        const before = cluster.callRecords().length;
        const { sent, first, worker } = await ringing(number, called);
        await killBoth(worker);
        const cancel = await called.expect("CANCEL", callIdOf(first));
        expect(top(cancel)).toBe(top(first));
        expect(requests(called, "INVITE")).toEqual([]);
        called.reply(cancel, 200);
        const again = await called.expect("INVITE");
        await answerAndEnd(sent, again, called);
        expect(requests(called, "INVITE")).toEqual([]);
        await oneRecord(before);
      },
    );

    it.each(KINDS)(
      "%s: where its edge is there again, the called side rings on and is answered",
      async (_what, number, called) => {
        const before = cluster.callRecords().length;
        const { sent, first, worker } = await ringing(number, called);
        const since = called.repeated.length;
        await killBoth(worker);
        frozen?.thaw();
        const again = (): Arrived | undefined =>
          called.repeated.slice(since).find((one) => callIdOf(one) === callIdOf(first));
        await until(() => again() !== undefined || requests(called, "CANCEL").length > 0, {
          what: "what becomes of the INVITE at the called side",
          limitMs: 60_000,
        });
        let arrived = again();
        if (arrived === undefined) {
          // Its edge took longer to start than it was waited for.
          called.reply(await called.expect("CANCEL", callIdOf(first)), 200);
          arrived = await called.expect("INVITE");
        }
        await answerAndEnd(sent, arrived, called);
        await oneRecord(before);
      },
    );

    it.each(KINDS)(
      "%s: answered a moment before, without its ACK, the caller gets the answer again",
      async (_what, number, called) => {
        const before = cluster.callRecords().length;
        const { sent, first, worker } = await ringing(number, called);
        const accepted = called.reply(first, 200, { headers: [SDP], body: session(2) });
        await alice.expect("200 INVITE", callIdOf(sent));
        await killBoth(worker);
        alice.forget();
        const answer = await alice.expect("200 INVITE", callIdOf(sent));
        const caller = alice.dialogAsCaller(sent, answer);
        caller.ack();
        await called.expect("ACK", callIdOf(first));
        const callee = called.dialogAsCallee(first, accepted);
        await hangUp({ caller, callee, sent, arrived: first, answer }, alice, called);
        await oneRecord(before);
      },
    );

    it.each(KINDS)("%s: of a worker that merely stands still nothing is taken away", async (_what, number, called) => {
      const before = cluster.callRecords().length;
      const { sent, first, worker } = await ringing(number, called);
      const still = await livingPidOf(cluster, worker);
      const other = pool.workers.find((name) => name !== worker) ?? "";
      const looked = (): number => cluster.logOf(other).split("nobody attends").length;
      const sofar = looked();
      const had = await cluster.metric(other, "tandem_setups_active");
      const isTaken = async (): Promise<boolean> => (await cluster.metric(other, "tandem_setups_active")) > had;
      process.kill(still, "SIGSTOP");
      try {
        // Nobody has said for six seconds that he attends to the caller; or the edge, which lives, was faster to give the call to the other worker.
        await until(async () => looked() > sofar || (await isTaken()), { what: "another worker's look" });
      } finally {
        process.kill(still, "SIGCONT");
      }
      await answerAndEnd(sent, first, called);
      expect([requests(called, "INVITE"), requests(called, "CANCEL")]).toEqual([[], []]);
      await oneRecord(before);
    });
  },
);
