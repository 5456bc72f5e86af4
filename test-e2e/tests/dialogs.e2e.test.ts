import { readTag, type SipMessage } from "@tandem/sip";
import { SipPeer, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice" });
const bob = await SipPeer.open({ user: "bob" });
const few = await SipPeer.open({ user: "few" });
const peers = [alice, bob, few];

let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const route = (name: string, number: string) => ({ name, match: `^${number}$`, usages: ["any"], trunks: [name] });
  const topology = await makeTopology({
    trunks: {
      bob: { port: bob.port },
      few: { port: few.port, maxEarlyDialogs: 2 },
    },
    routes: [route("bob", "100"), route("few", "300")],
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
});
// Peers are shared: what a test left behind (a retransmission under way) must not be taken for the next one's.
beforeEach(() => forgetAll(peers));

const tagOf = (value: string | undefined) => readTag(value ?? "");

describe("setup", () => {
  it("an INVITE that comes twice makes one call", async () => {
    const sent = invite(alice, to);
    alice.send(sent, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 486);
    alice.ackFailure(sent, await alice.expect(486));
    await bob.expect("ACK");
    // What an edge repeats for want of an answer has the same branch and does not count.
    expect(bob.untaken.filter(({ message }) => message.method === "INVITE" && message.kind === "request")).toEqual([]);
  });

  it("Max-Forwards is one less on the other leg", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    expect(call.arrived.message.get("Max-Forwards")).toBe("69");
    await hangUp(call, alice, bob);
  });

  it("Require with an unknown option: 420 with Unsupported (RFC 3261 §8.2.2.3)", async () => {
    const sent = invite(alice, to, { headers: [["Require", "time-travel"]] });
    const refused = await alice.expect(420);
    expect(refused.message.get("Unsupported")).toBe("time-travel");
    alice.ackFailure(sent, refused);
  });

  it("a 200 that is repeated until a late ACK comes does no harm", async () => {
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    const answered = bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const answer = await alice.expect("200 INVITE");
    await alice.expect("200 INVITE");
    await alice.expect("200 INVITE");
    const dialog = alice.dialogAsCaller(sent, answer);
    dialog.ack();
    await bob.expect("ACK");
    bob.dialogAsCallee(arrived, answered).request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await bob.expect("200 BYE");
  });

  it("a provisional response after the answer is not passed on", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    bob.reply(call.arrived, 183);
    call.callee.request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await bob.expect("200 BYE");
    expect(alice.untaken.map(({ message }) => message.status)).not.toContain(183);
  });

  it("a request in a dialog that never was: 481", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    await hangUp(call, alice, bob);
    call.caller.request("INFO");
    await alice.expect("481 INFO");
  });
});

describe("several early dialogs (forks behind the callee)", () => {
  it("two 18x with different tags reach the caller with different tags, and the answer belongs to the second", async () => {
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 180, { toTag: "fork-1" });
    bob.reply(arrived, 183, { toTag: "fork-2", headers: [SDP], body: session(3) });
    const [first, second] = [await alice.expect(180), await alice.expect(183)];
    const answered = bob.reply(arrived, 200, { toTag: "fork-2", headers: [SDP], body: session(3) });
    const answer = await alice.expect("200 INVITE");
    const tags = [first, second, answer].map(({ message }) => tagOf(message.get("To")));
    expect(tags[0]).not.toBe(tags[1]);
    expect(tags[2]).toBe(tags[1]);
    const dialog = alice.dialogAsCaller(sent, answer);
    dialog.ack();
    expect(tagOf((await bob.expect("ACK")).message.get("To"))).toBe("fork-2");
    dialog.request("BYE");
    const bye = await bob.expect("BYE");
    expect(tagOf(bye.message.get("To"))).toBe(tagOf(answered.get("To")));
    bob.reply(bye, 200);
    await alice.expect("200 BYE");
  });

  it("no more early dialogs reach the caller than the trunk may have", async () => {
    const sent = invite(alice, to, { number: "300" });
    const arrived = await few.expect("INVITE");
    for (const fork of [1, 2, 3]) few.reply(arrived, 180, { toTag: `fork-${fork}` });
    few.reply(arrived, 486, { toTag: "fork-1" });
    alice.ackFailure(sent, await alice.expect(486));
    const ringing = alice.untaken.filter(({ message }) => message.status === 180);
    expect(new Set(ringing.map(({ message }) => tagOf(message.get("To")))).size).toBe(2);
  });

  it("two forks answer: the first is connected, the second gets ACK and BYE", async () => {
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 200, { toTag: "fork-1", headers: [SDP], body: session(2) });
    const answer = await alice.expect("200 INVITE");
    const dialog = alice.dialogAsCaller(sent, answer);
    dialog.ack();
    await bob.expect("ACK");
    bob.reply(arrived, 200, { toTag: "fork-2", headers: [SDP], body: session(3) });
    const ack = await bob.expect((message) => message.method === "ACK" && tagOf(message.get("To")) === "fork-2");
    expect(ack.message.get("CSeq")).toBe(arrived.message.get("CSeq")?.replace("INVITE", "ACK"));
    const bye = await bob.expect((message) => message.method === "BYE" && message.kind === "request");
    expect(tagOf(bye.message.get("To"))).toBe("fork-2");
    bob.reply(bye, 200);
    dialog.request("BYE");
    bob.reply(await bob.expect("BYE"), 200);
    await alice.expect("200 BYE");
  });
});

describe("CANCEL", () => {
  it("a Reason in the CANCEL reaches the callee (RFC 3326)", async () => {
    const reason = 'SIP;cause=200;text="Call completed elsewhere"';
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 180);
    await alice.expect(180);
    alice.cancel(sent, to, [["Reason", reason]]);
    await alice.expect("200 CANCEL");
    alice.ackFailure(sent, await alice.expect(487));
    const cancel = await bob.expect("CANCEL");
    expect(cancel.message.get("Reason")).toBe(reason);
    bob.reply(cancel, 200);
    bob.reply(arrived, 487);
    await bob.expect("ACK");
  });

  it("an answer that crosses the CANCEL is acknowledged and ended with BYE", async () => {
    const sent = invite(alice, to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 180);
    await alice.expect(180);
    alice.cancel(sent, to);
    alice.ackFailure(sent, await alice.expect(487));
    bob.reply(await bob.expect("CANCEL"), 200);
    bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
    await bob.expect("ACK");
    bob.reply(await bob.expect("BYE"), 200);
  });
});

describe("the end of a call", () => {
  it("a Reason in the BYE reaches the other leg", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.caller.request("BYE", { headers: [["Reason", 'Q.850;cause=16;text="normal"']] });
    const bye = await bob.expect("BYE");
    expect(bye.message.get("Reason")).toBe('Q.850;cause=16;text="normal"');
    bob.reply(bye, 200);
    await alice.expect("200 BYE");
  });

  it("BYEs that cross are both answered with 200", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.caller.request("BYE");
    call.callee.request("BYE");
    await alice.expect("200 BYE");
    await bob.expect("200 BYE");
  });

  it("a BYE that comes twice is answered twice and ends one call", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    const bye = call.caller.request("BYE");
    alice.send(bye, to);
    // A BYE of the call before this one, which nobody answered, may still come.
    const isOurs = (message: SipMessage) =>
      message.kind === "request" && message.method === "BYE" && message.get("Call-ID") === call.callee.callId;
    bob.reply(await bob.expect(isOurs), 200);
    await alice.expect("200 BYE");
    alice.send(bye, to);
    await alice.expect("200 BYE");
    expect(bob.untaken.filter(({ message }) => isOurs(message))).toHaveLength(0);
  });
});
