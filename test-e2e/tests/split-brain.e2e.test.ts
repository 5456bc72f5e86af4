import { spawn } from "node:child_process";
import { join } from "node:path";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { pidOf } from "../harness/kill.ts";
import { hangUp, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 20_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 20_000 });
const PROJECT = join(import.meta.dirname, "..", "..");
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  cluster = await startCluster(await makeTopology({ trunks: { bob: { port: bob.port } } }));
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice.close(), bob.close()]);
});

/** A second controller beside the cluster's, with the same file for detail records: they stand by for one another. */
function startSecondController(): { readonly stop: () => Promise<void> } {
  const child = spawn(process.execPath, ["--conditions=@tandem/source", "apps/trunk-controller/src/main.ts"], {
    cwd: PROJECT,
    env: {
      ...process.env,
      TANDEM_NODE_ID: "controller-2",
      TANDEM_HTTP: "127.0.0.1:0",
      TANDEM_REDIS: cluster.redisUrl,
      TANDEM_CDR_FILE: cluster.detailRecordFile,
    },
    stdio: "ignore",
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

const oneCall = async (): Promise<void> => hangUp(await setUp({ caller: alice, callee: bob, to }), alice, bob);

describe("two controllers", () => {
  it("the leader freezes: the other leads; it thaws: it leads no more, and no record is doubled or lost", async () => {
    const second = startSecondController();
    const first = await pidOf(cluster, "controller");
    try {
      await oneCall();
      await cluster.recordsOf(1);
      process.kill(first, "SIGSTOP");
      await oneCall();
      // Nobody but the second can have moved this record.
      await cluster.recordsOf(2, 20_000);
      process.kill(first, "SIGCONT");
      await until(async () => (await leaders()) === 0, { what: "the thawed one's resignation", limitMs: 10_000 });
      for (let calls = 0; calls < 3; calls += 1) await oneCall();
      const records = await cluster.recordsOf(5);
      expect(new Set(records.map(({ id }) => id)).size).toBe(5);
      expect(records).toHaveLength(5);
    } finally {
      process.kill(first, "SIGCONT");
      await second.stop();
    }
  });
});

/** 1 while the cluster's own controller says that it leads. */
const leaders = (): Promise<number> => cluster.metric("controller", "tandem_leader");
