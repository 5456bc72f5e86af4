import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { topVia, type SipMessage } from "@tandem/sip";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callIdOf, furtherCalls, goesOn, retransmit, top } from "../harness/called-again.ts";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import {
  freezeSupervisor,
  isAlive,
  killForGood,
  killProcess,
  livingPidOf,
  type FrozenSupervisor,
} from "../harness/kill.ts";
import { ALLOW, forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
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
beforeEach(() => forgetAll([alice, bob, sos]));

/** Where an edge serves callers. */
function edge(name: string): PeerAddressOf {
  const listener = cluster.processes
    .find((process) => process.name === name)
    ?.listeners.find(({ name: wanted }) => wanted === "core");
  const [address = "", port] = listener?.address.split(":") ?? [];
  return { address, port: Number(port) };
}

/** The called side answers what may have reached it several times; the call is set up, then ended by alice. */
async function answerAndEnd(sent: SipMessage, arrived: Arrived, called = bob): Promise<void> {
  const accepted = called.reply(arrived, 200, { headers: [SDP], body: session(2) });
  const answer = await alice.expect("200 INVITE", callIdOf(sent));
  const caller = alice.dialogAsCaller(sent, answer);
  caller.ack();
  await called.expect("ACK", callIdOf(arrived));
  const call: ScriptedCall = { caller, callee: called.dialogAsCallee(arrived, accepted), sent, arrived, answer };
  await hangUp(call, alice, called);
}

/** Where an edge serves callers, once it does: it may have been killed a moment before. */
async function untilServing(name: string): Promise<PeerAddressOf> {
  await livingPidOf(cluster, name);
  const serves = (): boolean => {
    alice.request("OPTIONS", edge(name));
    return alice.untaken.some(({ message }) => message.method === "OPTIONS" && message.status === 200);
  };
  await until(serves, { what: `${name} serving`, everyMs: 200 });
  return edge(name);
}

/** A call that rings, and whose edge is killed. `repeated`: so many messages had come to the called side again before. */
async function killedWhileRinging(name: string, { number, called = bob }: { number: string; called?: SipPeer }) {
  const sent = invite(alice, await untilServing(name), { number });
  const first = await called.expect("INVITE");
  called.reply(first, 180);
  await alice.expect(180, callIdOf(sent));
  const repeated = called.repeated.length;
  await killProcess(cluster, name);
  return { sent, first, repeated };
}

describe("kill -9 of an edge while a call rings, and the caller, who heard that it rings, sends nothing again (RFC 3261 §17.1.1.2)", () => {
  it.each([
    ["an ordinary call", "100", bob],
    ["an emergency call", "911", sos],
  ])("%s is answered by another edge, and rings once", async (_what, number, called) => {
    const before = cluster.callRecords().length;
    const { sent, first, repeated } = await killedWhileRinging("edge-east-1", { number, called });
    await answerAndEnd(sent, await goesOn(first, repeated, called), called);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
    expect(furtherCalls(called)).toEqual([]);
  });

  it("a CANCEL that reaches another edge ends it", async () => {
    const before = cluster.callRecords().length;
    const { sent, first, repeated } = await killedWhileRinging("edge-east-1", { number: "100" });
    const again = await goesOn(first, repeated, bob);
    bob.reply(again, 180);
    await alice.expect(180, callIdOf(sent));
    alice.cancel(sent, edge("edge-east-2"));
    alice.ackFailure(sent, await alice.expect(487, callIdOf(sent)));
    const cancel = await bob.expect("CANCEL", callIdOf(again));
    bob.reply(cancel, 200);
    bob.reply(again, 487);
    await bob.expect("ACK", callIdOf(again));
    expect((await cluster.recordsOf(before + 1)).length).toBe(before + 1);
  });
});

describe("an edge that is told to end (SIGTERM)", () => {
  it("repeats its answer to an emergency call until the ACK comes, by whichever edge, and ends then", async () => {
    const to = await untilServing("edge-east-1");
    const before = await livingPidOf(cluster, "edge-east-1");
    const sent = invite(alice, to, { number: "911" });
    sos.reply(await sos.expect("INVITE"), 200, { headers: [SDP], body: session(2) });
    const answer = await alice.expect("200 INVITE", callIdOf(sent));
    process.kill(before, "SIGTERM");
    const isAgain = ({ message }: Arrived): boolean =>
      message.status === 200 && message.get("Call-ID") === sent.get("Call-ID");
    // 0.5, 1.5, 3.5 s after the answer (RFC 3261 §13.3.1.4), and the drain's bound is 2 s.
    await until(() => alice.untaken.filter(isAgain).length >= 3, { what: "the answer again" });
    const dialog = alice.dialogAsCaller(sent, answer);
    dialog.to = edge("edge-east-2");
    dialog.ack();
    await sos.expect("ACK");
    // Without the ACK it would wait for 64*T1: 32 s.
    await until(() => !isAlive(before), { what: "the edge's end", limitMs: 15_000 });
    dialog.request("BYE");
    sos.reply(await sos.expect("BYE"), 200);
    await alice.expect("200 BYE");
    await untilServing("edge-east-1");
  });
});

describe("kill -9 of the edge of an established call", () => {
  it.each([
    ["an ordinary call", "100", bob],
    ["an emergency call", "911", sos],
  ])("%s: the session changes and ends by another edge, on both sides, one record", async (_what, number, called) => {
    const to = await untilServing("edge-east-1");
    const before = cluster.callRecords().length;
    const call = await setUp({ caller: alice, callee: called, to }, { number });
    await killProcess(cluster, "edge-east-1");
    const other = edge("edge-east-2");
    call.caller.to = other;
    call.callee.to = { ...other, port: cluster.port("out") };
    call.callee.request("INVITE", { headers: [SDP], body: session(2, 2) });
    alice.reply(await alice.expect("INVITE"), 200, { headers: [SDP], body: session(1, 2) });
    await called.expect("200 INVITE");
    call.callee.ack({}, call.callee.sequence);
    await alice.expect("ACK");
    await hangUp(call, alice, called);
    const records = (await cluster.recordsOf(before + 1)).slice(before);
    expect(records).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
  });
});

describe("a called side that has no ACK repeats its 2xx, and gets the same ACK every time (RFC 3261 §13.2.2.4)", () => {
  /** The ACK of an INVITE's 2xx, but for those of these branches. `meanwhile` is done every 500 ms until it comes. */
  async function ackTo(
    { message }: Arrived,
    { but = [], meanwhile = () => undefined }: { but?: readonly string[]; meanwhile?: () => void } = {},
  ): Promise<Arrived> {
    const found = (): Arrived | undefined =>
      bob.untaken.find(
        (one) =>
          one.message.get("CSeq") === message.get("CSeq")?.replace("INVITE", "ACK") &&
          callIdOf(one) === callIdOf(message) &&
          !but.includes(branchOf(one)),
      );
    const came = (): boolean => {
      meanwhile();
      return found() !== undefined;
    };
    await until(came, { what: "the ACK", everyMs: 500 });
    const ack = found();
    if (ack === undefined) throw new Error("the ACK is gone");
    return ack;
  }

  const told = ({ message }: Arrived) => [message.uri, message.get("From"), message.get("To"), message.body];
  const branchOf = ({ message }: Arrived): string => topVia(message)?.branch ?? "";

  it("of an INVITE without offer and of a re-INVITE, also after their edge was killed: from the one that has its address", async () => {
    const to = await untilServing("edge-east-1");
    const sent = alice.request("INVITE", to, { uri: `sip:100@${to.address}:${to.port}`, headers: [ALLOW] });
    const first = await bob.expect("INVITE");
    const answered = bob.reply(first, 200, { headers: [ALLOW, SDP], body: session(2) });
    const caller = alice.dialogAsCaller(sent, await alice.expect("200 INVITE", callIdOf(sent)));
    caller.to = edge("edge-east-2");
    caller.ack({ headers: [SDP], body: session(1) });
    const ack = await bob.expect("ACK", callIdOf(first));
    // The ACK went by another edge than the INVITE, or by the same.
    expect(told(await ackTo(first, { meanwhile: () => bob.send(answered, first.from) }))).toEqual(told(ack));
    caller.to = to;
    caller.request("INVITE", { headers: [SDP], body: session(1) });
    const second = await bob.expect("INVITE", callIdOf(first));
    const answeredAgain = bob.reply(second, 200, { headers: [SDP], body: session(2) });
    await alice.expect("200 INVITE", callIdOf(sent));
    caller.ack({}, caller.sequence);
    const next = await ackTo(second);
    const but = [...bob.untaken, ack].map(branchOf);
    await killProcess(cluster, "edge-east-1");
    const later = await ackTo(first, { but, meanwhile: () => bob.send(answered, first.from) });
    const latest = await ackTo(second, { but, meanwhile: () => bob.send(answeredAgain, second.from) });
    expect([later, latest].map(told)).toEqual([ack, next].map(told));
    caller.to = edge("edge-east-2");
    caller.request("BYE");
    bob.reply(await bob.expect("BYE", callIdOf(first)), 200);
    await alice.expect("200 BYE", callIdOf(sent));
  });
});

describe("kill -9 of an edge while a call rings: the caller's retransmission goes on with it", () => {
  it("at another edge of the pool; the called side is not called a second time", async () => {
    const before = cluster.callRecords().length;
    const { sent, first, repeated } = await killedWhileRinging("edge-east-1", { number: "100" });
    const again = await goesOn(first, repeated, bob);
    bob.reply(again, 180);
    await retransmit(alice, sent, edge("edge-east-2"), 180);
    await answerAndEnd(sent, again);
    const records = await cluster.recordsOf(before + 1);
    expect(records.slice(before)).toMatchObject([{ sipCode: 200, attempts: 1, endedBy: "caller" }]);
    expect(furtherCalls(bob)).toEqual([]);
  });

  it("at the edge that took the address over: to the called side its INVITE is a retransmission", async () => {
    const before = cluster.callRecords().length;
    const { sent, first, repeated } = await killedWhileRinging("edge-west-1", { number: "200" });
    // Nobody at the called side does anything: it rings on.
    await retransmit(alice, sent, edge("edge-west-1"), 180);
    await answerAndEnd(sent, await goesOn(first, repeated, bob));
    expect(furtherCalls(bob)).toEqual([]);
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
    await alice.expect(180, callIdOf(sent));
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
