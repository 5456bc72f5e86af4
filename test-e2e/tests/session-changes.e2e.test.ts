import { readTag, type HeaderLine } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { ALLOW, forgetAll, hangUp, invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice" });
const bob = await SipPeer.open({ user: "bob" });
const carol = await SipPeer.open({ user: "carol" });
const timed = await SipPeer.open({ user: "timed" });
const newcomer = await SipPeer.open({ user: "newcomer" });
const peers = [alice, bob, carol, timed, newcomer];

let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const route = (name: string, number: string) => ({ name, match: `^${number}$`, usages: ["any"], trunks: [name] });
  const topology = await makeTopology({
    trunks: {
      bob: { port: bob.port, refer: "act", usages: ["any"] },
      carol: { port: carol.port },
      timed: { port: timed.port, sessionTimer: { offer: true, expires: "30m" } },
    },
    routes: [route("bob", "100"), route("carol", "200"), route("timed", "400")],
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
});
beforeEach(() => forgetAll(peers));

const tagOf = (value: string | undefined) => readTag(value ?? "");

describe("offers in the call", () => {
  /** The caller changes the session: the offer as the callee has it, and what follows when he takes it. */
  async function reInvited(offer = session(1, 2)) {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.caller.request("INVITE", { headers: [SDP], body: offer });
    const offered = await bob.expect("INVITE");
    const accepted = async (answer = session(2, 2)): Promise<void> => {
      bob.reply(offered, 200, { headers: [SDP], body: answer });
      await alice.expect("200 INVITE");
      call.caller.ack({}, call.caller.sequence);
      await bob.expect("ACK");
      await hangUp(call, alice, bob);
    };
    return { call, offered, accepted };
  }

  it("glare: a re-INVITE while another is pending gets 491 (RFC 3261 §14.2), and the first goes on", async () => {
    const { call, accepted } = await reInvited();
    const crossing = call.callee.request("INVITE", { headers: [SDP], body: session(2, 2) });
    bob.ackFailure(crossing, await bob.expect("491 INVITE"));
    await accepted();
  });

  it("UPDATE with an offer while a re-INVITE is pending gets 491 (RFC 3311 §5.2)", async () => {
    const { call, accepted } = await reInvited();
    call.callee.request("UPDATE", { headers: [SDP], body: session(2, 2) });
    await bob.expect("491 UPDATE");
    await accepted();
  });

  it("a refused re-INVITE leaves the call as it was", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    const offer = call.caller.request("INVITE", { headers: [SDP], body: session(1, 2) });
    bob.reply(await bob.expect("INVITE"), 488);
    await bob.expect("ACK");
    alice.ackFailure(offer, await alice.expect("488 INVITE"));
    await hangUp(call, alice, bob);
  });

  it("the origin of what a peer gets grows by one version with every change, and keeps its session id (RFC 3264 §8)", async () => {
    const originOf = (body: string) => /^o=\S+ (\d+) (\d+) /m.exec(body)?.slice(1).map(Number) ?? [];
    const { call, offered, accepted } = await reInvited(session(1, 2, "sendonly"));
    const [id, version] = originOf(call.arrived.message.body);
    expect(originOf(offered.message.body)).toEqual([id, (version ?? 0) + 1]);
    await accepted(session(2, 2, "recvonly"));
  });
});

describe("session timers (RFC 4028)", () => {
  const REFRESHING: readonly HeaderLine[] = [
    ["Supported", "timer"],
    ["Session-Expires", "600;refresher=uac"],
  ];

  it("Session-Expires below 90: 422 with Min-SE", async () => {
    const headers: readonly HeaderLine[] = [
      ["Supported", "timer"],
      ["Session-Expires", "60"],
    ];
    const sent = invite(alice, to, { headers });
    const refused = await alice.expect(422);
    expect(Number(refused.message.get("Min-SE"))).toBeGreaterThanOrEqual(90);
    alice.ackFailure(sent, refused);
  });

  it("a peer that wants a longer interval (422, Min-SE) is asked again with it", async () => {
    const sent = invite(alice, to, { number: "400" });
    const first = await timed.expect("INVITE");
    expect(first.message.get("Session-Expires")).toMatch(/^1800/);
    timed.reply(first, 422, { headers: [["Min-SE", "3600"]] });
    await timed.expect("ACK");
    const second = await timed.expect("INVITE");
    expect(second.message.get("Session-Expires")).toMatch(/^3600/);
    expect(second.message.get("Min-SE")).toBe("3600");
    timed.reply(second, 486);
    alice.ackFailure(sent, await alice.expect(486));
  });

  it("a peer that starts the timer is answered: the 200 names interval and refresher", async () => {
    const call = await setUp({ caller: alice, callee: bob, to }, { headers: REFRESHING });
    expect(call.answer.message.get("Session-Expires")).toMatch(/^600\s*;\s*refresher=uac$/);
    await hangUp(call, alice, bob);
  });

  it("a refresh by UPDATE without a body is answered", async () => {
    const call = await setUp({ caller: alice, callee: bob, to }, { headers: REFRESHING });
    call.caller.request("UPDATE", { headers: REFRESHING });
    const answer = await Promise.race([
      alice.expect("200 UPDATE"),
      bob.expect("UPDATE").then((update) => {
        bob.reply(update, 200);
        return alice.expect("200 UPDATE");
      }),
    ]);
    expect(answer.message.get("Session-Expires")).toMatch(/^600/);
    await hangUp(call, alice, bob);
  });
});

describe("transfer", () => {
  it("REFER on a trunk that acts: 202, NOTIFYs, the new party is called and connected, the referrer released", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.callee.request("REFER", { headers: [["Refer-To", `<sip:200@${to.address}:${to.port}>`]] });
    await bob.expect("202 REFER");
    const trying = await bob.expect("NOTIFY");
    expect(trying.message.body).toMatch(/^SIP\/2\.0 100/);
    bob.reply(trying, 200);
    const called = await carol.expect("INVITE");
    const answered = carol.reply(called, 200, { headers: [ALLOW, SDP], body: session(4) });
    await carol.expect("ACK");
    const done = await bob.expect(
      (message) => message.method === "NOTIFY" && / 200 /.test(message.body.split("\r\n")[0] ?? ""),
    );
    expect(done.message.get("Subscription-State")).toMatch(/^terminated/);
    bob.reply(done, 200);
    const offered = await alice.expect("INVITE");
    expect(offered.message.body).toContain("192.0.2.4");
    alice.reply(offered, 200, { headers: [SDP], body: session(1, 2) });
    await alice.expect("ACK");
    bob.reply(await bob.expect("BYE"), 200);
    carol.dialogAsCallee(called, answered).request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await carol.expect("200 BYE");
  });

  it("attended: who has two calls through us joins them; the two who stay talk, off hold, and end it (RFC 5589 §7)", async () => {
    const first = await setUp({ caller: alice, callee: bob, to });
    first.callee.request("INVITE", { headers: [SDP], body: session(2, 2, "sendonly") });
    alice.reply(await alice.expect("INVITE"), 200, { headers: [SDP], body: session(1, 2, "recvonly") });
    await bob.expect("200 INVITE");
    first.callee.ack({}, first.callee.sequence);
    await alice.expect("ACK");
    const second = await setUp({ caller: carol, callee: bob, to });
    const { callId, remoteTag, localTag } = second.callee;
    const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
    first.callee.request("REFER", {
      headers: [["Refer-To", `<sip:carol@${to.address}:${to.port}?Replaces=${replaces}>`]],
    });
    await bob.expect("202 REFER");
    bob.reply(await bob.expect("NOTIFY"), 200);
    const toCarol = await carol.expect("INVITE");
    expect(toCarol.message.has("Replaces")).toBe(false);
    expect(toCarol.message.body).toContain("192.0.2.1\r\n");
    expect(toCarol.message.body).toContain("a=sendrecv");
    carol.reply(toCarol, 200, { headers: [SDP], body: session(4, 2) });
    await carol.expect("ACK");
    const toAlice = await alice.expect("INVITE");
    expect(toAlice.message.body).toContain("192.0.2.4\r\n");
    alice.reply(toAlice, 200, { headers: [SDP], body: session(1, 3) });
    await alice.expect("ACK");
    const ended: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const arrived = await bob.expect(({ method, kind }) => kind === "request" && ["BYE", "NOTIFY"].includes(method));
      bob.reply(arrived, 200);
      ended.push(`${arrived.message.method} ${arrived.message.body.split("\r\n")[0] ?? ""}`.trim());
    }
    expect(ended.toSorted()).toEqual(["BYE", "BYE", "NOTIFY SIP/2.0 200 OK"]);
    first.caller.request("BYE");
    await alice.expect("200 BYE");
    carol.reply(await carol.expect("BYE"), 200);
    const callIds = new Set([first.sent.get("Call-ID"), second.sent.get("Call-ID")]);
    const records = () => cluster.callRecords().filter(({ sipCallId }) => callIds.has(sipCallId));
    await until(() => records().length === 2, { what: "a record of each of the two calls" });
    expect(records()).toMatchObject([
      { sipCode: 200, transferred: true },
      { sipCode: 200, transferred: true },
    ]);
  });

  it("REFER on a trunk that passes: the other leg gets it, and its NOTIFYs come back", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.caller.request("REFER", { headers: [["Refer-To", `<sip:200@${to.address}:${to.port}>`]] });
    const refer = await bob.expect("REFER");
    bob.reply(refer, 202);
    await alice.expect("202 REFER");
    call.callee.request("NOTIFY", {
      headers: [
        ["Event", "refer"],
        ["Subscription-State", "terminated;reason=noresource"],
        ["Content-Type", "message/sipfrag"],
      ],
      body: "SIP/2.0 200 OK\r\n",
    });
    const notified = await alice.expect("NOTIFY");
    expect(notified.message.body).toBe("SIP/2.0 200 OK\r\n");
    alice.reply(notified, 200);
    await bob.expect("200 NOTIFY");
    await hangUp(call, alice, bob);
  });

  it("INVITE with Replaces picks up what rings: the caller talks to the newcomer, the ringing is cancelled (RFC 3891 §3)", async () => {
    const sent = invite(alice, to);
    const rings = await bob.expect("INVITE");
    const ringing = bob.reply(rings, 180);
    await alice.expect(180);
    const [ours, theirs] = [tagOf(rings.message.get("From")), tagOf(ringing.get("To"))];
    const replaces = `${rings.message.get("Call-ID")};to-tag=${ours};from-tag=${theirs};early-only`;
    const pickedUp = carol.request("INVITE", to, {
      uri: `sip:100@${to.address}:${to.port}`,
      headers: [["Replaces", replaces], ALLOW, SDP],
      body: session(4),
    });
    bob.reply(await bob.expect("CANCEL"), 200);
    bob.reply(rings, 487);
    const answer = await alice.expect("200 INVITE");
    expect(answer.message.body).toContain("192.0.2.4\r\n");
    const caller = alice.dialogAsCaller(sent, answer);
    caller.ack();
    const taken = await carol.expect("200 INVITE");
    expect(taken.message.body).toContain("192.0.2.1\r\n");
    const pickingUp = carol.dialogAsCaller(pickedUp, taken);
    pickingUp.ack();
    pickingUp.request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await carol.expect("200 BYE");
  });

  it("INVITE with Replaces takes the caller's place (RFC 3891)", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    const replaces = `${call.caller.callId};to-tag=${call.caller.remoteTag};from-tag=${call.caller.localTag}`;
    const sent = newcomer.request("INVITE", to, {
      uri: `sip:100@${to.address}:${to.port}`,
      headers: [ALLOW, ["Supported", "replaces"], ["Replaces", replaces], SDP],
      body: session(5),
    });
    const offered = await bob.expect("INVITE");
    expect(offered.message.body).toContain("192.0.2.5");
    bob.reply(offered, 200, { headers: [SDP], body: session(2, 2) });
    newcomer.dialogAsCaller(sent, await newcomer.expect("200 INVITE")).ack();
    await bob.expect("ACK");
    alice.reply(await alice.expect("BYE"), 200);
    call.callee.request("BYE");
    newcomer.reply(await newcomer.expect("BYE"), 200);
    await bob.expect("200 BYE");
  });

  it("INVITE with Replaces of a call that is not there: 481", async () => {
    const replaces = "no-such-call;to-tag=a;from-tag=b";
    const sent = invite(alice, to, { headers: [["Replaces", replaces]] });
    alice.ackFailure(sent, await alice.expect(481));
  });
});
