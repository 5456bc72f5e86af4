import { setTimeout as delay } from "node:timers/promises";
import { SipPeer, undisturbed, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, setUpAtLast } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const open = (user: string): Promise<SipPeer> => SipPeer.open({ user, patienceMs: 20_000 });
// Peers of each test's own: what one of them repeats while Redis is away must not be taken for another's.
const bob = await open("bob");
const carol = await open("carol");
const sos = await open("sos");
let alice: SipPeer;
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { bob: { port: bob.port }, carol: { port: carol.port }, sos: { port: sos.port, kind: "e911" } },
    routes: [
      { name: "bob", match: "^100$", usages: ["any"], trunks: ["bob"] },
      { name: "carol", match: "^200$", usages: ["any"], trunks: ["carol"] },
    ],
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
beforeEach(async () => {
  alice = await open("alice");
  forgetAll([bob, carol, sos]);
});
afterEach(async () => {
  resume();
  await alice.close();
});
afterAll(async () => {
  resume();
  await cluster?.stop();
  await Promise.all([bob, carol, sos].map((peer) => peer.close()));
});

const PAUSED_MS = 5_000;

/** Redis hangs: its sockets stay open and nothing answers, as when its host is cut off. */
const pause = (): void => void process.kill(cluster.redisPid, "SIGSTOP");
const resume = (): void => void process.kill(cluster.redisPid, "SIGCONT");

describe("Redis paused for five seconds", () => {
  it("an established call ends as if nothing had been: both legs, one record", async () => {
    const before = cluster.callRecords().length;
    const call = await setUp({ caller: alice, callee: bob, to });
    pause();
    call.caller.request("BYE");
    await delay(PAUSED_MS);
    resume();
    bob.reply(await bob.expect("BYE"), 200);
    await alice.expect("200 BYE");
    const records = await cluster.recordsOf(before + 1);
    expect(records.at(-1)).toMatchObject({ sipCode: 200, endedBy: "caller" });
    expect(records).toHaveLength(before + 1);
  });

  /** An ordinary INVITE waits for Redis; an emergency call is made and ended meanwhile. How long that took (ms). */
  async function emergencyMeanwhile() {
    pause();
    const pausedMs = Date.now();
    const sent = invite(alice, to);
    const emergency = await setUp({ caller: alice, callee: sos, to }, { number: "911" });
    await hangUp(emergency, alice, sos);
    const tookMs = Date.now() - pausedMs;
    const made = { sent, emergency: emergency.sent, tookMs };
    expect(bob.untaken.filter(({ message }) => message.method === "INVITE")).toEqual([]);
    await delay(Math.max(0, PAUSED_MS - tookMs));
    resume();
    if (tookMs < PAUSED_MS) return made;
    // The machine paused, too, and who calls an ordinary number may have been told to come back.
    await until(() => bob.untaken.some(isInvite) || alice.untaken.some(isTurnedAway), { what: "the INVITE's outcome" });
    if (bob.untaken.some(isInvite)) {
      bob.reply(await bob.expect("INVITE"), 486);
      await bob.expect("ACK");
    }
    alice.ackFailure(sent, await alice.expect((message) => message.status >= 400, sent.get("Call-ID")));
    return made;
  }

  const isInvite = ({ message }: Arrived): boolean => message.kind === "request" && message.method === "INVITE";
  const isTurnedAway = ({ message }: Arrived): boolean => message.status === 503 && message.method === "INVITE";

  it("an emergency call is made and ended meanwhile, an ordinary one as soon as Redis answers", async () => {
    const { sent, emergency, tookMs } = await undisturbed(emergencyMeanwhile, (seen) => seen.tookMs < PAUSED_MS);
    expect(tookMs).toBeLessThan(PAUSED_MS);
    const arrived = await bob.expect("INVITE");
    const accepted = bob.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const answer = await alice.expect(
      (message) => message.status === 200 && message.get("Call-ID") === sent.get("Call-ID"),
    );
    const caller = alice.dialogAsCaller(sent, answer);
    caller.ack();
    await bob.expect("ACK");
    await hangUp({ caller, callee: bob.dialogAsCallee(arrived, accepted), sent, arrived, answer }, alice, bob);
    const callIds = [sent, emergency].map((each) => each.get("Call-ID"));
    const mine = () => cluster.callRecords().filter(({ sipCallId }) => callIds.includes(sipCallId));
    await until(() => new Set(mine().map(({ sipCallId }) => sipCallId)).size === 2, { what: "a record of each call" });
    expect(mine()).toHaveLength(2);
  });
});

describe("Redis gone for longer than a caller waits", () => {
  it("emergency calls go through, from the INVITE to the BYE; ordinary ones get 503 with Retry-After; then all is as before", async () => {
    const before = cluster.callRecords().length;
    const established = await setUp({ caller: alice, callee: carol, to }, { number: "200" });
    pause();
    const emergency = await setUp({ caller: alice, callee: sos, to }, { number: "911" });

    const refused = invite(alice, to, { number: "200" });
    const answer = await alice.expect("503 INVITE");
    expect(Number(answer.message.get("Retry-After"))).toBeGreaterThan(0);
    alice.ackFailure(refused, answer);

    await hangUp(emergency, alice, sos);
    // A worker that has not stored the last of it yet still holds the call and passes the request on. One that let it go finds the truth in the store only, so the peer is
    // told when to ask again.
    established.caller.request("INFO");
    void carol.expect("INFO").then(
      (info) => carol.reply(info, 200),
      () => undefined,
    );
    const told = await alice.expect((each) => each.kind === "response" && each.method === "INFO");
    expect(told.message.status === 200 || Number(told.message.get("Retry-After")) > 0).toBe(true);

    resume();
    await until(async () => (await cluster.api.get("/v1/calls")).status === 200, { what: "the store back" });
    await hangUp(established, alice, carol);
    // A worker notices within a second.
    const after = await setUpAtLast({ caller: alice, callee: carol, to }, { number: "200" });
    await hangUp(after, alice, carol);
    // The emergency call's record waited on disk.
    const records = await cluster.recordsOf(before + 3);
    expect(records.slice(before).filter(({ emergency: service }) => service !== null)).toHaveLength(1);
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    // Redis took the refused call's record when it woke, minutes before the sweep would end it.
    const left = async (): Promise<unknown> => (await cluster.api.get("/v1/calls?limit=1")).body;
    await until(async () => ((await left()) as { readonly total?: number }).total === 0, {
      what: "no call left",
      limitMs: 30_000,
    });
  });
});
