import { setTimeout as delay } from "node:timers/promises";
import type { SipMessage } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { startLike, type ExtraProcess } from "../harness/extra-process.ts";
import { livingPidOf, untilWorkers } from "../harness/kill.ts";
import { openLink, type NetworkLink } from "../harness/network-link.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 20_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 20_000 });
const sos = await SipPeer.open({ user: "sos", patienceMs: 20_000 });
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    trunks: { bob: { port: bob.port }, sos: { port: sos.port, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
});
beforeEach(() => forgetAll([alice, bob, sos]));

const oneCall = async (): Promise<void> => hangUp(await setUp({ caller: alice, callee: bob, to }), alice, bob);

describe("two controllers", () => {
  it("the leader freezes: the other leads; it thaws: it leads no more, and no record is doubled or lost", async () => {
    // With the same file for detail records: they stand by for one another.
    const second = await startLike(cluster, "controller", {
      TANDEM_NODE_ID: "controller-2",
      TANDEM_HTTP: "127.0.0.1:0",
    });
    const first = await livingPidOf(cluster, "controller");
    const [before, delivered] = [cluster.callRecords().length, cluster.deliveredCallRecords().length];
    const said = await saidDelivered();
    try {
      await oneCall();
      await cluster.recordsOf(before + 1);
      // Frozen between writing a record and saying so, it would leave that record to be written again: at least once is the promise.
      await until(async () => (await saidDelivered()) >= said + 2, { what: "the call and its attempt acknowledged" });
      process.kill(first, "SIGSTOP");
      await oneCall();
      // Nobody but the second can have moved this record.
      await cluster.recordsOf(before + 2);
      process.kill(first, "SIGCONT");
      await until(async () => (await leaders()) === 0, { what: "the thawed one's resignation" });
      for (let calls = 0; calls < 3; calls += 1) await oneCall();
      await cluster.recordsOf(before + 5);
      const records = cluster.deliveredCallRecords().slice(delivered);
      expect(new Set(records.map(({ id }) => id)).size).toBe(5);
      expect(records).toHaveLength(5);
    } finally {
      process.kill(first, "SIGCONT");
      await second.stop();
    }
  });
});

/** Records that the cluster's own controller has moved and taken from the stream. */
const saidDelivered = (): Promise<number> =>
  cluster.metric("controller", "tandem_detail_records_total", { result: "delivered", sink: "file" });

/** 1 while the cluster's own controller says that it leads. */
const leaders = (): Promise<number> => cluster.metric("controller", "tandem_leader");

describe("a worker cut from Redis but not from its peers, beside one that is not", () => {
  let link: NetworkLink;
  let cut: ExtraProcess;

  beforeAll(async () => {
    link = await openLink(Number(new URL(cluster.redisUrl).port));
    const redisUrl = `redis://127.0.0.1:${link.port}/0`;
    cut = await startLike(cluster, "worker-east-1", {
      TANDEM_NODE_ID: CUT,
      TANDEM_REDIS: redisUrl,
      TANDEM_HTTP: "127.0.0.1:0",
    });
    await untilWorkers(cluster, 2);
  });
  afterEach(() => link.mend());
  afterAll(async () => {
    await cut?.stop();
    await link?.close();
  });

  it("emergency calls go through, established ones end on both sides, each has one record, no load is left", async () => {
    const before = cluster.callRecords().length;
    const calls: ScriptedCall[] = [];
    for (let count = 0; count < 6; count += 1) calls.push(await setUp({ caller: alice, callee: bob, to }));
    link.cut();
    for (let count = 0; count < 6; count += 1) {
      await hangUp(await setUp({ caller: alice, callee: sos, to }, { number: "911" }), alice, sos);
    }
    for (const call of calls) await hangUpAtLast(call);
    link.mend();
    await accountFor(before, calls.length + 6);
  });

  it("a call it has in set-up is answered, ended through the other worker or itself, and recorded once", async () => {
    const before = cluster.callRecords().length;
    const { sent, arrived, others } = await ringingAt(CUT);
    link.cut();
    const accepted = bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const answer = await alice.expect("200 INVITE");
    const caller = alice.dialogAsCaller(sent, answer);
    caller.ack();
    await bob.expect("ACK");
    await hangUpAtLast({ caller, callee: bob.dialogAsCallee(arrived, accepted), sent, arrived, answer });
    link.mend();
    await accountFor(before, 1 + others);
  });

  /** A call that rings and is in the hands of that worker; calls that came to the other one are answered and ended. */
  async function ringingAt(worker: string) {
    for (let others = 0; others < 20; others += 1) {
      const sent = invite(alice, to);
      const arrived = await bob.expect("INVITE");
      bob.reply(arrived, 180);
      await alice.expect(180);
      if ((await settingUp()) === worker) return { sent, arrived, others };
      const accepted = bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
      const answer = await alice.expect("200 INVITE");
      const caller = alice.dialogAsCaller(sent, answer);
      caller.ack();
      await bob.expect("ACK");
      await hangUp({ caller, callee: bob.dialogAsCallee(arrived, accepted), sent, arrived, answer }, alice, bob);
      await until(async () => (await busy()).length === 0, { what: "no set-up at any worker" });
    }
    throw new Error(`no call came to ${worker}`);
  }
});

const CUT = "worker-cut";

interface MemberBody {
  readonly id: string;
  readonly facts: { readonly activeSetups?: number };
}

/** Workers with a call in set-up, as they said within the last seconds. */
async function busy(): Promise<readonly string[]> {
  const { body } = await cluster.api.get("/v1/members");
  const members = body as readonly MemberBody[];
  return members.filter(({ facts }) => (facts.activeSetups ?? 0) > 0).map(({ id }) => id);
}

async function settingUp(): Promise<string | undefined> {
  let found: string | undefined;
  await until(
    async () => {
      [found] = await busy();
      return found !== undefined;
    },
    { what: "the worker that sets the call up" },
  );
  return found;
}

const MOST_TRIES = 20;
/** Between a 503 and the next BYE, milliseconds. */
const COME_BACK_MS = 250;

/** Hangs up as a phone does that is told to come back later: with the next BYE, until one is taken. */
async function hangUpAtLast(call: ScriptedCall): Promise<void> {
  const theirs = call.arrived.message.get("Call-ID");
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    call.caller.request("BYE");
    const isEnd = (one: SipMessage): boolean => one.status >= 200 && one.method === "BYE";
    const { message } = await alice.expect(isEnd, call.caller.callId);
    if (message.status === 200) break;
    expect(message.status).toBe(503);
    expect(Number(message.get("Retry-After"))).toBeGreaterThan(0);
    await delay(COME_BACK_MS);
  }
  bob.reply(await bob.expect("BYE", theirs), 200);
}

async function accountFor(before: number, calls: number): Promise<void> {
  const records = (await cluster.recordsOf(before + calls)).slice(before);
  expect(new Set(records.map(({ id }) => id)).size).toBe(calls);
  expect(records.every(({ sipCode }) => sipCode === 200)).toBe(true);
  const left = async (): Promise<number> => {
    const trunks = (await cluster.api.get("/v1/trunks")).body as readonly { readonly load: number }[];
    return trunks.reduce((sum, { load }) => sum + load, 0);
  };
  await until(async () => (await left()) === 0, { what: "no load left", limitMs: 40_000 });
  expect(cluster.callRecords()).toHaveLength(before + calls);
}
