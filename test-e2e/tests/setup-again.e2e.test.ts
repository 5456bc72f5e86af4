import { topVia, withHeaders, type SipMessage } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess } from "../harness/kill.ts";
import { RingingPhone } from "../harness/ringing-phone.ts";
import { forgetAll, invite } from "../harness/scripted-call.ts";
import { makeCertificates, relayToTlsAnonymously, type TlsRelay } from "../harness/tls.ts";
import { makeTopology } from "../harness/topology.ts";

// A caller over streams: when its edge is killed its connection closes, and it tries the pool's next address. One over UDP hears nothing, and does so later.
const alice = await SipPeer.open({ user: "alice", patienceMs: 30_000, transport: "tcp" });
const carol = await SipPeer.open({ user: "carol", patienceMs: 30_000 });
const bob = await RingingPhone.open();
const sos = await RingingPhone.open();
const certificates = makeCertificates();
const relays: TlsRelay[] = [];

type Way = "udp" | "tcp" | "tls";
let cluster: TestCluster;
let edges: Readonly<Record<Way, readonly PeerAddressOf[]>>;

/** Every third call is an emergency. */
const NUMBERS = ["100", "200", "911"] as const;
const EDGES = ["edge-east-1", "edge-east-2"] as const;

beforeAll(async () => {
  const { certificateFile, keyFile } = certificates;
  const tls = { certificateFile, keyFile, mutual: false };
  const topology = await makeTopology({
    pools: {
      east: {
        arrangement: "split",
        edges: 2,
        workers: 2,
        listeners: {
          udp: { transport: "udp", serves: "callers" },
          tcp: { transport: "tcp", serves: "callers" },
          tls: { transport: "tls", serves: "callers", tls },
          out: { transport: "udp" },
        },
      },
    },
    trunks: { bob: { port: bob.port }, sos: { port: sos.port, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  const [udp, tcp] = (["udp", "tcp"] as const).map((name) => EDGES.map((edge) => listenerOf(edge, name)));
  for (const edge of EDGES) {
    const { address, port } = listenerOf(edge, "tls");
    relays.push(await relayToTlsAnonymously(port, address));
  }
  edges = { udp: udp ?? [], tcp: tcp ?? [], tls: relays.map(({ port }) => ({ address: "127.0.0.1", port })) };
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await cluster?.stop();
  await Promise.all([alice, carol, bob, sos].map((peer) => peer.close()));
  certificates.remove();
});
beforeEach(() => {
  forgetAll([alice, carol]);
  for (const phone of [bob, sos]) phone.startAgain();
});

function listenerOf(edge: string, name: Way): PeerAddressOf {
  const process = cluster.processes.find((each) => each.name === edge);
  const [address = "", port] = process?.listeners.find((each) => each.name === name)?.address.split(":") ?? [];
  return { address, port: Number(port) };
}

const callIdOf = (message: SipMessage): string => message.get("Call-ID") ?? "";

/** Call-IDs by which a number rang at the called side. */
const rung = (number: string): readonly string[] => (number === "911" ? sos : bob).rung(number);

const stillRinging = (number: string): number => (number === "911" ? sos : bob).stillRinging(number);

/** Where the two edges serve, once the first does: it may have been killed a moment before. */
async function serving(caller: SipPeer, way: Way): Promise<readonly [first: PeerAddressOf, second: PeerAddressOf]> {
  const [first, second] = edges[way];
  if (first === undefined || second === undefined) throw new Error("two edges were asked for");
  const served = (): boolean => {
    caller.request("OPTIONS", first);
    return caller.untaken.some(({ message }) => message.method === "OPTIONS" && message.status === 200);
  };
  await until(served, { what: "edge-east-1 serving", everyMs: 300 });
  return [first, second];
}

/** The same INVITE with another branch (RFC 3263 §4.3). */
function byAnotherWay(caller: SipPeer, sent: SipMessage, to: PeerAddressOf): SipMessage {
  const again = withHeaders(sent, (edit) => void edit.set("Via", caller.via()));
  caller.send(again, to);
  return again;
}

/** Each hears that it rings, by the way it was sent. */
async function ringing(caller: SipPeer, calls: readonly SipMessage[]): Promise<void> {
  for (const sent of calls) {
    const { branch } = topVia(sent) ?? {};
    await caller.expect((message) => message.status === 180 && topVia(message)?.branch === branch);
  }
}

/** The called side answers; each call is up, then ended by its caller. */
async function answerAndEnd(caller: SipPeer, calls: readonly SipMessage[]): Promise<void> {
  for (const phone of [bob, sos]) phone.answerAll();
  for (const sent of calls) {
    const dialog = caller.dialogAsCaller(sent, await caller.expect("200 INVITE", callIdOf(sent)));
    dialog.ack();
    dialog.request("BYE");
    await caller.expect("200 BYE", callIdOf(sent));
  }
  await until(() => bob.quiet && sos.quiet, { what: "nobody ringing or talking", limitMs: 45_000 });
}

/** Each number rang once more at most, each call has one record, and one of them for each number was answered. @returns the calls */
async function judge(before: number): Promise<number> {
  for (const number of NUMBERS) expect(rung(number).length, `${number} rang`).toBeLessThanOrEqual(2);
  const calls = new Set(NUMBERS.flatMap(rung).map((callId) => callId.split("-")[0] ?? ""));
  const records = (await cluster.recordsOf(before + calls.size)).slice(before);
  expect(records.map(({ callId }) => callId).toSorted()).toEqual([...calls].toSorted());
  expect(records.filter(({ sipCode }) => sipCode === 200)).toHaveLength(NUMBERS.length);
  return calls.size;
}

const ATTEMPTS: readonly (readonly [what: string, next: (sent: SipMessage, to: PeerAddressOf) => SipMessage])[] = [
  ["with a new Call-ID", (sent, to) => invite(alice, to, { number: /sip:(\d+)@/.exec(sent.uri)?.[1] ?? "" })],
  ["as the same INVITE with another branch", (sent, to) => byAnotherWay(alice, sent, to)],
];

describe.each(["tcp", "tls"] as const)(
  "kill -9 of an edge while calls ring, over %s, every third an emergency",
  (way) => {
    it.each(ATTEMPTS)(
      "the connection closes at once, and the next attempt at the other edge, %s, is answered; nobody rings on",
      async (_what, next) => {
        const [first, second] = await serving(alice, way);
        const before = cluster.callRecords().length;
        const sent = NUMBERS.map((number) => invite(alice, first, { number }));
        await ringing(alice, sent);
        const ended = alice.ended;
        await killProcess(cluster, "edge-east-1");
        await until(() => alice.ended > ended, { what: "the caller's connection closed", limitMs: 15_000 });
        const again = sent.map((one) => next(one, second));
        await ringing(alice, again);
        await until(() => NUMBERS.every((number) => stillRinging(number) === 1), {
          what: "nobody ringing for the first attempt",
        });
        await answerAndEnd(alice, again);
        await judge(before);
        expect(alice.seen).not.toContain("SIP/2.0 482 Loop Detected");
      },
    );
  },
);

describe("kill -9 of an edge while calls ring, over udp, every third an emergency", () => {
  it("the same INVITE with another branch at the other edge, to which its call was brought, is answered as that call", async () => {
    const [first, second] = await serving(carol, "udp");
    const before = cluster.callRecords().length;
    const sent = NUMBERS.map((number) => invite(carol, first, { number }));
    await ringing(carol, sent);
    await killProcess(cluster, "edge-east-1");
    // The other edge has them by now, and says so.
    await ringing(carol, sent);
    const again = sent.map((one) => byAnotherWay(carol, one, second));
    await ringing(carol, again);
    await answerAndEnd(carol, again);
    expect(await judge(before)).toBe(NUMBERS.length);
    expect(carol.seen).not.toContain("SIP/2.0 482 Merged Request");
    expect(carol.seen).not.toContain("SIP/2.0 482 Loop Detected");
  });
});
