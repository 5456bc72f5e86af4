import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import type { SipMessage } from "@tandem/sip";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { freezeSupervisor, isAlive, killForGood, killProcess, pidOf, type FrozenSupervisor } from "../harness/kill.ts";
import { hangUp, invite, SDP, session, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000 });
const sos = await SipPeer.open({ user: "sos", patienceMs: 15_000 });

let cluster: TestCluster;
let frozen: FrozenSupervisor | null = null;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { edges: 2, workers: 2 }, west: { workers: 2 } },
    trunks: {
      east: { port: bob.port },
      west: { pool: "west", port: bob.port, gateway: "east" },
      sos: { port: sos.port, kind: "e911" },
    },
    emergency: { trunks: ["sos"] },
    routes: [
      { name: "east", match: "^100$", usages: ["any"], trunks: ["east"] },
      { name: "west", match: "^200$", usages: ["any"], trunks: ["west"] },
    ],
  });
  cluster = await startCluster(topology);
});
afterEach(() => {
  frozen?.thaw();
  frozen = null;
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
});

/** Where an edge serves callers. */
function edge(name: string): PeerAddressOf {
  const listener = cluster.processes
    .find((process) => process.name === name)
    ?.listeners.find(({ name: wanted }) => wanted === "core");
  const [address = "", port] = listener?.address.split(":") ?? [];
  return { address, port: Number(port) };
}

/** A message of the same call: what another test left behind is not taken for it. */
const of =
  (call: SipMessage | Arrived, what: string | number): ((message: SipMessage) => boolean) =>
  (message) => {
    const callId = "message" in call ? call.message.get("Call-ID") : call.get("Call-ID");
    const fits =
      typeof what === "number" ? message.status === what : message.kind === "request" && message.method === what;
    return fits && message.get("Call-ID") === callId;
  };

const top = (arrived: Arrived) => arrived.message.get("Via")?.split(";rport")[0] ?? "";

/**
 * The called side by the book (RFC 3261 §17.2.3, §8.2.2.2): what rings there goes on only by an INVITE with its very Via; what has any other rings a second time. An edge that takes
 * longer to start again than it is waited for has another cancel the INVITE first.
 */
async function goesOn(first: Arrived, called = bob): Promise<Arrived> {
  const next = await called.expect((message) => of(first, "INVITE")(message) || of(first, "CANCEL")(message));
  expect(top(next)).toBe(top(first));
  if (next.message.method === "INVITE") return next;
  called.reply(next, 200);
  return called.expect("INVITE");
}

/** The caller's timer A: the INVITE again until something comes (RFC 3261 §17.1.1.2). */
async function retransmit(sent: SipMessage, to: PeerAddressOf, wanted: number): Promise<Arrived> {
  let waiting = true;
  const answer = alice.expect(of(sent, wanted)).finally(() => (waiting = false));
  await until(
    () => {
      if (waiting) alice.send(sent, to);
      return !waiting;
    },
    { what: "an answer to the INVITE sent again", everyMs: 500, limitMs: 15_000 },
  );
  return answer;
}

/** The called side answers what may have reached it several times; the call is set up, then ended by alice. */
async function answerAndEnd(sent: SipMessage, arrived: Arrived, called = bob): Promise<void> {
  const accepted = called.reply(arrived, 200, { headers: [SDP], body: session(2) });
  const answer = await alice.expect("200 INVITE");
  const caller = alice.dialogAsCaller(sent, answer);
  caller.ack();
  await called.expect("ACK");
  const call: ScriptedCall = { caller, callee: called.dialogAsCallee(arrived, accepted), sent, arrived, answer };
  await hangUp(call, alice, called);
}

/** Where an edge serves callers, once it does: it may have been killed a moment before. */
async function untilServing(name: string): Promise<PeerAddressOf> {
  await until(async () => isAlive(await pidOf(cluster, name)), { what: `${name} started again` });
  const status = async (): Promise<number> => {
    alice.request("OPTIONS", edge(name));
    const isAnswer = (message: SipMessage): boolean => message.method === "OPTIONS" && message.kind === "response";
    return (await alice.expect(isAnswer)).message.status;
  };
  await until(async () => (await status()) === 200, { what: `${name} serving`, everyMs: 100 });
  return edge(name);
}

describe("kill -9 of an edge while a call rings, and the caller, who heard that it rings, sends nothing again (RFC 3261 §17.1.1.2)", () => {
  it.each([
    ["an ordinary call", "100", bob],
    ["an emergency call", "911", sos],
  ])("%s is answered by another edge, and rings once", async (_what, number, called) => {
    const to = await untilServing("edge-east-1");
    const before = cluster.callRecords().length;
    const ringing = called.seen.filter((line) => line.startsWith("INVITE")).length;
    const sent = invite(alice, to, { number });
    const first = await called.expect("INVITE");
    called.reply(first, 180);
    await alice.expect(of(sent, 180));
    await killProcess(cluster, "edge-east-1");
    await answerAndEnd(sent, await goesOn(first, called), called);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
    expect(new Set(called.seen.filter((line) => line.startsWith("INVITE")).slice(ringing)).size).toBe(1);
  });

  it("a CANCEL that reaches another edge ends it", async () => {
    const before = cluster.callRecords().length;
    const sent = invite(alice, await untilServing("edge-east-1"));
    const first = await bob.expect("INVITE");
    bob.reply(first, 180);
    await alice.expect(of(sent, 180));
    await killProcess(cluster, "edge-east-1");
    const again = await goesOn(first);
    bob.reply(again, 180);
    await alice.expect(of(sent, 180));
    alice.cancel(sent, edge("edge-east-2"));
    alice.ackFailure(sent, await alice.expect(of(sent, 487)));
    const cancel = await bob.expect(of(again, "CANCEL"));
    bob.reply(cancel, 200);
    bob.reply(again, 487);
    await bob.expect(of(again, "ACK"));
    expect((await cluster.recordsOf(before + 1)).length).toBe(before + 1);
  });
});

describe("kill -9 of an edge while a call rings: the caller's retransmission goes on with it", () => {
  it("at another edge of the pool; the called side is not called a second time", async () => {
    const before = cluster.callRecords().length;
    const sent = invite(alice, await untilServing("edge-east-1"));
    const first = await bob.expect("INVITE");
    bob.reply(first, 180);
    await alice.expect(of(sent, 180));
    await killProcess(cluster, "edge-east-1");
    const again = await goesOn(first);
    bob.reply(again, 180);
    await retransmit(sent, edge("edge-east-2"), 180);
    await answerAndEnd(sent, again);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
    expect(new Set(bob.seen.filter((line) => line.startsWith("INVITE"))).size).toBe(1);
  });

  it("at the edge that took the address over: to the called side its INVITE is a retransmission", async () => {
    const before = cluster.callRecords().length;
    const sent = invite(alice, edge("edge-west-1"), { number: "200" });
    const first = await bob.expect("INVITE");
    bob.reply(first, 180);
    await alice.expect(of(sent, 180));
    await killProcess(cluster, "edge-west-1");
    const ringing = retransmit(sent, edge("edge-west-1"), 180);
    const again = await bob.expect(of(first, "INVITE"));
    bob.reply(again, 180);
    await ringing;
    expect(again.message.get("Call-ID")).toBe(first.message.get("Call-ID"));
    expect(top(again)).toBe(top(first));
    await answerAndEnd(sent, again);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1 }]);
  });
});

describe("kill -9 of an edge for good while a call rings", () => {
  it("another edge cancels what rings, by the Via that the called side knows it by, and only then calls again", async () => {
    const to = await untilServing("edge-east-1");
    const before = cluster.callRecords().length;
    const sent = invite(alice, to);
    const first = await bob.expect("INVITE");
    bob.reply(first, 180);
    await alice.expect(of(sent, 180));
    const seen = bob.seen.length;
    frozen = await freezeSupervisor(cluster);
    await killForGood(cluster, "edge-east-1");
    const cancel = await bob.expect("CANCEL");
    expect([top(cancel), cancel.message.get("Call-ID")]).toEqual([top(first), first.message.get("Call-ID")]);
    expect(cancel.from).not.toEqual(first.from);
    expect(bob.seen.slice(seen).filter((line) => line.startsWith("INVITE"))).toEqual([]);
    bob.reply(cancel, 200);
    const again = await bob.expect("INVITE");
    expect(again.message.get("Call-ID")).not.toBe(first.message.get("Call-ID"));
    await answerAndEnd(sent, again);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
  });
});
