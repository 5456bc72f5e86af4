import type { SipMessage } from "@tandem/sip";
import { SipPeer, type PeerAddressOf, type PeerDialog } from "@tandem/testkit";
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
/** Less than the silence after which the edge gives a worker up (20 s), by more than a pause of the machine; about 3 s on a machine with nothing else to do. */
const SOON_MS = 14_000;

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

describe("a worker stands still", () => {
  it("calls that wait for it are served by another within seconds, and it does no harm when it goes on: one record each", async () => {
    const before = cluster.callRecords().length;
    const still = await livingPidOf(cluster, "worker-east-1");
    process.kill(still, "SIGSTOP");
    const sentMs = Date.now();
    let dialogs: readonly PeerDialog[];
    try {
      const sent = DIALLED.map((number) => invite(alice, to, { number }));
      dialogs = await Promise.all(sent.map(answered));
      expect(Date.now() - sentMs).toBeLessThan(SOON_MS);
    } finally {
      process.kill(still, "SIGCONT");
    }
    // It answers when it has read what had come to it.
    await cluster.metric("worker-east-1", "tandem_redis_connected");
    for (const number of AFTERWARDS) await hangUp(await answered(invite(alice, to, { number })));
    for (const dialog of dialogs) await hangUp(dialog);
    const records = (await cluster.recordsOf(before + DIALLED.length + AFTERWARDS.length)).slice(before);
    expect(records.map(({ sipCode, endedBy }) => ({ sipCode, endedBy }))).toEqual(
      records.map(() => ({ sipCode: 200, endedBy: "caller" })),
    );
    expect(new Set(records.map(({ id }) => id)).size).toBe(DIALLED.length + AFTERWARDS.length);
    expect(records).toHaveLength(DIALLED.length + AFTERWARDS.length);
  });
});
