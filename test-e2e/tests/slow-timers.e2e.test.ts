import type { HeaderLine } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

// Timers that RFCs fix at half a minute and more; the tests wait for them side by side.
const PATIENCE_MS = 100_000;
const open = (user: string) => SipPeer.open({ user, patienceMs: PATIENCE_MS });
const [refreshing, lazy, forgetful, urgent] = (await Promise.all(
  ["refreshing", "lazy", "forgetful", "urgent"].map(async (name) => ({
    caller: await open(`${name}-caller`),
    callee: await open(`${name}-callee`),
  })),
)) as [Pair, Pair, Pair, Pair];

interface Pair {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
}

let cluster: TestCluster;
let to: PeerAddressOf;
/** Call-ID of each test's call. */
const placed = new Map<Pair, string | undefined>();

beforeAll(async () => {
  const trunkTo = ({ callee }: Pair) => ({ port: callee.port });
  const topology = await makeTopology({
    trunks: {
      refreshing: { ...trunkTo(refreshing), sessionTimer: { offer: true, expires: "90s", refresher: "us" } },
      lazy: trunkTo(lazy),
      forgetful: trunkTo(forgetful),
      urgent: { ...trunkTo(urgent), kind: "e911" },
    },
    emergency: { trunks: ["urgent"] },
    routes: ["refreshing", "lazy", "forgetful"].map((name, index) => ({
      name,
      match: `^${index + 1}00$`,
      usages: ["any"],
      trunks: [name],
    })),
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(
    [refreshing, lazy, forgetful, urgent].flatMap(({ caller, callee }) => [caller.close(), callee.close()]),
  );
});

describe.concurrent("timers of half a minute and more", () => {
  it("session timer, we refresh: the callee is refreshed at half the interval; it is dead: BYE on both legs", async () => {
    const { caller, callee } = refreshing;
    const call = await setUp(
      { caller, callee, to },
      {
        number: "100",
        answerHeaders: [
          ["Supported", "timer"],
          ["Require", "timer"],
          ["Session-Expires", "90;refresher=uac"],
        ],
      },
    );
    placed.set(refreshing, call.sent.get("Call-ID"));
    const startMs = Date.now();
    const refresh = await callee.expect(
      (message) => message.kind === "request" && ["UPDATE", "INVITE"].includes(message.method),
    );
    // 45 s, and the pauses of a machine at the begin or at the end.
    expect(Date.now() - startMs).toBeGreaterThan(36_000);
    expect(Date.now() - startMs).toBeLessThan(56_000);
    expect(refresh.message.get("Session-Expires")).toMatch(/^90/);
    // 408 and silence mean the same (RFC 4028 §10): the session is dead.
    callee.reply(refresh, 408);
    if (refresh.message.method === "INVITE") await callee.expect("ACK");
    const [calleeBye, callerBye] = await Promise.all([callee.expect("BYE"), caller.expect("BYE")]);
    callee.reply(calleeBye, 200);
    caller.reply(callerBye, 200);
    expect(call.callee.callId).toBe(calleeBye.message.get("Call-ID"));
  });

  it("session timer, the peer should refresh and does not: BYE on both legs before the interval ends", async () => {
    const { caller, callee } = lazy;
    const headers: readonly HeaderLine[] = [
      ["Supported", "timer"],
      ["Session-Expires", "90;refresher=uac"],
    ];
    const call = await setUp({ caller, callee, to }, { number: "200", headers });
    placed.set(lazy, call.sent.get("Call-ID"));
    const startMs = Date.now();
    const [calleeBye, callerBye] = await Promise.all([callee.expect("BYE"), caller.expect("BYE")]);
    expect(Date.now() - startMs).toBeLessThan(90_000);
    expect(Date.now() - startMs).toBeGreaterThan(45_000);
    callee.reply(calleeBye, 200);
    caller.reply(callerBye, 200);
  });

  it("session timer of an emergency call: where nobody refreshes it, people are alarmed, the peer is asked, and the call goes on", async () => {
    const { caller, callee } = urgent;
    const headers: readonly HeaderLine[] = [
      ["Supported", "timer"],
      ["Session-Expires", "90;refresher=uac"],
    ];
    const call = await setUp({ caller, callee, to }, { number: "911", headers });
    placed.set(urgent, call.sent.get("Call-ID"));
    const alarms = () => cluster.metric(worker(), "tandem_emergency_alarms_total", { cause: "session-lapsed" });
    const before = await alarms();
    const startMs = Date.now();
    const refresh = await caller.expect("UPDATE");
    expect(Date.now() - startMs).toBeGreaterThan(45_000);
    expect(Date.now() - startMs).toBeLessThan(90_000);
    expect(await alarms()).toBe(before + 1);
    // The caller's side is alive but deaf to refreshes, by UPDATE and by re-INVITE: still no reason to cut.
    caller.reply(refresh, 500);
    caller.reply(await caller.expect("INVITE"), 500);
    await caller.expect("ACK");
    call.callee.request("INFO");
    caller.reply(await caller.expect("INFO"), 200);
    await callee.expect("200 INFO");
    const isBye = ({ message }: { readonly message: { readonly method: string } }) => message.method === "BYE";
    expect([...caller.untaken, ...callee.untaken].some(isBye)).toBe(false);
    call.caller.request("BYE");
    callee.reply(await callee.expect("BYE"), 200);
    await caller.expect("200 BYE");
  });

  it("no ACK for our 200: repeated for 32 s, then BYE on both legs (RFC 3261 §13.3.1.4)", async () => {
    const { caller, callee } = forgetful;
    placed.set(forgetful, invite(caller, to, { number: "300" }).get("Call-ID"));
    const arrived = await callee.expect("INVITE");
    callee.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const first = await caller.expect("200 INVITE");
    await caller.expect("200 INVITE");
    const startMs = Date.now();
    const [calleeBye, callerBye] = await Promise.all([callee.expect("BYE"), caller.expect("BYE")]);
    // 32 s after the first of them, and the pauses of a machine at the begin or at the end.
    expect(Date.now() - startMs).toBeGreaterThan(23_000);
    expect(Date.now() - startMs).toBeLessThan(42_000);
    callee.reply(calleeBye, 200);
    caller.reply(callerBye, 200);
    expect(first.message.status).toBe(200);
  });
});

it("each of them left one detail record", async () => {
  const callIds = new Set(placed.values());
  expect(callIds.size).toBe(4);
  const recorded = () => cluster.callRecords().filter(({ sipCallId }) => callIds.has(sipCallId));
  await until(() => new Set(recorded().map(({ sipCallId }) => sipCallId)).size === 4, { what: "their records" });
  const records = recorded();
  expect(records).toHaveLength(4);
  const ordinary = records.filter(({ emergency }) => emergency === null);
  expect(ordinary.map(({ endedBy }) => endedBy)).toEqual(["system", "system", "system"]);
});

const worker = (): string => cluster.processes.find(({ role }) => role === "worker")!.name;
