import { withHeaders, type SipMessage } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess } from "../harness/kill.ts";
import { RingingPhone } from "../harness/ringing-phone.ts";
import { forgetAll, invite } from "../harness/scripted-call.ts";
import { makeCertificates, relayToTlsAnonymously, type TlsRelay } from "../harness/tls.ts";
import { makeTopology } from "../harness/topology.ts";

// A caller over streams: when its edge is killed its connection closes, and it tries the pool's next address.
const alice = await SipPeer.open({ user: "alice", patienceMs: 30_000, transport: "tcp" });
const bob = await RingingPhone.open();
const sos = await RingingPhone.open();
const certificates = makeCertificates();
const relays: TlsRelay[] = [];

type Way = "tcp" | "tls";
let cluster: TestCluster;
let edges: Readonly<Record<Way, readonly PeerAddressOf[]>>;

/** Every third call is an emergency. */
const NUMBERS = ["100", "200", "911"] as const;

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
  const tcp = [listenerOf("edge-east-1", "tcp"), listenerOf("edge-east-2", "tcp")];
  for (const edge of ["edge-east-1", "edge-east-2"]) {
    const { address, port } = listenerOf(edge, "tls");
    relays.push(await relayToTlsAnonymously(port, address));
  }
  edges = { tcp, tls: relays.map(({ port }) => ({ address: "127.0.0.1", port })) };
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
  certificates.remove();
});
beforeEach(() => {
  forgetAll([alice]);
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

/** Where edge 1 serves, once it does: it may have been killed a moment before. */
async function serving(to: PeerAddressOf): Promise<PeerAddressOf> {
  const answered = (): boolean => alice.untaken.some(({ message }) => message.method === "OPTIONS");
  const served = (): boolean => {
    alice.request("OPTIONS", to);
    return answered();
  };
  await until(served, { what: "edge-east-1 serving", everyMs: 300 });
  return to;
}

const ATTEMPTS: readonly (readonly [what: string, next: (sent: SipMessage, to: PeerAddressOf) => SipMessage])[] = [
  ["with a new Call-ID", (sent, to) => invite(alice, to, { number: /sip:(\d+)@/.exec(sent.uri)?.[1] ?? "" })],
  [
    "as the same INVITE with another branch (RFC 3263 §4.3)",
    (sent, to) => {
      const again = withHeaders(sent, (edit) => void edit.set("Via", alice.via()));
      alice.send(again, to);
      return again;
    },
  ],
];

describe.each(["tcp", "tls"] as const)(
  "kill -9 of an edge while calls ring, over %s, every third an emergency",
  (way) => {
    it.each(ATTEMPTS)(
      "the connection closes at once, and the next attempt at the other edge, %s, is answered; nobody rings on",
      async (_what, next) => {
        const [first, second] = edges[way];
        if (first === undefined || second === undefined) throw new Error("two edges were asked for");
        const to = await serving(first);
        const before = cluster.callRecords().length;
        const sent = NUMBERS.map((number) => invite(alice, to, { number }));
        for (const one of sent) await alice.expect(180, callIdOf(one));
        const ended = alice.ended;
        await killProcess(cluster, "edge-east-1");
        await until(() => alice.ended > ended, { what: "the caller's connection closed", limitMs: 5_000 });
        const again = sent.map((one) => next(one, second));
        for (const one of again) await alice.expect(180, callIdOf(one));
        for (const phone of [bob, sos]) phone.answerAll();
        for (const one of again) {
          const answer = await alice.expect("200 INVITE", callIdOf(one));
          const dialog = alice.dialogAsCaller(one, answer);
          dialog.ack();
          dialog.request("BYE");
          await alice.expect("200 BYE", callIdOf(one));
        }
        await until(() => bob.quiet && sos.quiet, { what: "nobody ringing or talking", limitMs: 45_000 });
        for (const number of NUMBERS) expect(rung(number).length, `${number} rang`).toBeLessThanOrEqual(2);
        const calls = new Set(NUMBERS.flatMap(rung).map((callId) => callId.split("-")[0]));
        const records = (await cluster.recordsOf(before + calls.size)).slice(before);
        expect(new Set(records.map(({ callId }) => callId))).toEqual(calls);
        expect(records).toHaveLength(calls.size);
        expect(records.filter(({ sipCode }) => sipCode === 200)).toHaveLength(NUMBERS.length);
        expect(alice.seen).not.toContain("SIP/2.0 482 Loop Detected");
      },
    );
  },
);
