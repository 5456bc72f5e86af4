import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { freezeSupervisor, killForGood, type FrozenSupervisor } from "../harness/kill.ts";
import { invite, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const GRACE_MS = 1_000;
/** The controller looks for such calls so often. */
const SWEEP_MS = 5_000;
/** A set-up counts as abandoned so long after its ring time (1 s here). */
const RING_MS = 1_000;
const MARGIN_MS = 40_000;
/** Half of the shortest session (RFC 4028 §4: 90 s): when we would have refreshed it. */
const REFRESH_MS = 45_000;
/** What a pause of the machine adds; the peers would give the session up only at 90 s. */
const SLACK_MS = 15_000;

const alice = await SipPeer.open({ user: "alice" });
const bob = await SipPeer.open({ user: "bob" });
let cluster: TestCluster;
let to: PeerAddressOf;
let frozen: FrozenSupervisor | null = null;

beforeAll(async () => {
  const sessionTimer = { offer: true, expires: "90s", minSe: "90s", refresher: "us" } as const;
  const topology = await makeTopology({
    core: { sessionTimer },
    trunks: { bob: { port: bob.port, sessionTimer, ringTimeout: RING_MS } },
  });
  cluster = await startCluster(topology, { environment: { TANDEM_SWEEP_GRACE_MS: String(GRACE_MS) } });
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterEach(() => frozen?.thaw());
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice.close(), bob.close()]);
});

describe("everything that served a call is killed and nothing comes back", () => {
  it("the call that rang and the one that was up end with node-lost, once, no later than a sweep after their deadlines; no load is left", async () => {
    const up = await setUp({ caller: alice, callee: bob, to });
    const answeredMs = Date.now();
    const ringing = invite(alice, to);
    bob.reply(await bob.expect("INVITE"), 180);
    await alice.expect(180);
    await until(async () => (await calls()) === 2, { what: "both calls in the store" });
    frozen = await freezeSupervisor(cluster);
    for (const name of ["worker-east-1", "edge-east-1"]) await killForGood(cluster, name);

    const records = await cluster.recordsOf(2, MARGIN_MS + REFRESH_MS + GRACE_MS + SWEEP_MS + SLACK_MS);
    const of = (sipCallId: string | undefined) => records.filter((record) => record.sipCallId === sipCallId);
    expect(of(ringing.get("Call-ID"))).toMatchObject([
      { failure: "node-lost", endedBy: "system", durationMs: 0, attempts: 1 },
    ]);
    const [lost, ...more] = of(up.sent.get("Call-ID"));
    expect(more).toEqual([]);
    expect(lost).toMatchObject({ failure: "node-lost", endedBy: "system", attempts: 1 });
    const { durationMs = 0 } = lost ?? {};
    expect(durationMs).toBeGreaterThan(0);
    expect(durationMs).toBeLessThan(REFRESH_MS + GRACE_MS + SWEEP_MS + SLACK_MS);
    expect(answeredMs + durationMs).toBeLessThanOrEqual(Date.now());
    expect(
      cluster
        .attemptRecords()
        .map(({ outcome }) => outcome)
        .toSorted(),
    ).toEqual(["answered", "node-lost"]);
    expect(records).toHaveLength(2);
    // Beside the records, not before them.
    await until(async () => (await calls()) === 0 && (await load()) === 0, { what: "no call and no load left" });
  });
});

async function calls(): Promise<number> {
  const { body } = await cluster.api.get("/v1/calls?limit=1");
  return (body as { readonly total: number }).total;
}

async function load(): Promise<number> {
  const trunks = (await cluster.api.get("/v1/trunks")).body as readonly { readonly load: number }[];
  return trunks.reduce((sum, one) => sum + one.load, 0);
}
