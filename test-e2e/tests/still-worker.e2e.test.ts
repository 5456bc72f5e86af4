import type { SipMessage } from "@tandem/sip";
import { SipPeer, undisturbed, until, type PeerAddressOf, type PeerDialog } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { livingPidOf } from "../harness/kill.ts";
import { sipPort } from "../harness/ports.ts";
import { invite } from "../harness/scripted-call.ts";
import { startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

/** Of these, half come to the worker that stands still: the edge has two and asks them in turn. */
const DIALLED = ["911", "911", "100", "100"] as const;
const AFTERWARDS = ["911", "100"] as const;
/** Less than the silence after which the edge gives a worker up (6 s) and others have its calls anyway; between 3 and 4 s on a machine with nothing else to do (2 s, and two looks of the edge). */
const SOON_MS = 5_500;

const alice = await SipPeer.open({ user: "alice", patienceMs: 30_000 });
const [bob, sos] = [await sipPort(), await sipPort()];
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { bob: { port: bob }, sos: { port: sos, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
  for (const port of [bob, sos]) {
    await startUas({ scenario: "uas-basic-expect-200", port, logMessages: false, limitMs: 480_000 });
  }
});
afterAll(async () => {
  await stopAllSipp();
  await cluster?.stop();
  await alice.close();
});

async function answered(sent: SipMessage): Promise<PeerDialog> {
  const dialog = alice.dialogAsCaller(sent, await alice.expect("200 INVITE", sent.get("Call-ID")));
  dialog.ack();
  return dialog;
}

async function hangUp(dialog: PeerDialog): Promise<void> {
  const bye = dialog.request("BYE");
  await alice.expect("200 BYE", bye.get("Call-ID"));
}

/** Calls come while the worker stands still, and more when it goes on. How long the first ones waited (ms), and the Call-ID of each. */
async function callsMeanwhile() {
  await until(async () => (await cluster.metric("edge-east-1", "tandem_workers_connected")) === 2, {
    what: "both workers at the edge",
  });
  const still = await livingPidOf(cluster, "worker-east-1");
  process.kill(still, "SIGSTOP");
  const sentMs = Date.now();
  const sent = DIALLED.map((number) => invite(alice, to, { number }));
  let dialogs: readonly PeerDialog[];
  let tookMs: number;
  try {
    dialogs = await Promise.all(sent.map(answered));
    tookMs = Date.now() - sentMs;
  } finally {
    process.kill(still, "SIGCONT");
  }
  // It answers when it has read what had come to it.
  await cluster.metric("worker-east-1", "tandem_redis_connected");
  for (const number of AFTERWARDS) {
    const later = invite(alice, to, { number });
    sent.push(later);
    await hangUp(await answered(later));
  }
  for (const dialog of dialogs) await hangUp(dialog);
  return { tookMs, callIds: sent.map((one) => one.get("Call-ID")) };
}

describe("a worker stands still", () => {
  it("calls that wait for it are served by another within seconds, and it does no harm when it goes on: one record each", async () => {
    const before = cluster.callRecords().length;
    const placed: (string | undefined)[] = [];
    const tookMs = await undisturbed(
      async () => {
        const calls = await callsMeanwhile();
        placed.push(...calls.callIds);
        return calls.tookMs;
      },
      (took) => took < SOON_MS,
    );
    expect(tookMs).toBeLessThan(SOON_MS);
    const records = (await cluster.recordsOf(before + placed.length)).slice(before);
    expect(records.map(({ sipCode, endedBy }) => ({ sipCode, endedBy }))).toEqual(
      records.map(() => ({ sipCode: 200, endedBy: "caller" })),
    );
    expect(new Set(records.map(({ sipCallId }) => sipCallId))).toEqual(new Set(placed));
    expect(records).toHaveLength(placed.length);
  });
});
