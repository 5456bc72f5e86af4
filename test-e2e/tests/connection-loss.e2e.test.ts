import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess } from "../harness/kill.ts";
import { forgetAll, hangUp, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

// Both parties over TCP; each listens where its Contact says.
const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000, transport: "tcp" });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000, transport: "tcp" });
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: {
      east: {
        arrangement: "split",
        listeners: { core: { transport: "tcp", serves: "callers" }, out: { transport: "tcp" } },
      },
    },
    trunks: { bob: { port: bob.port } },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice.close(), bob.close()]);
});
beforeEach(() => forgetAll([alice, bob]));

const LOSSES: readonly (readonly [what: string, lose: () => Promise<void>])[] = [
  [
    "what lies between closed them",
    () => {
      for (const peer of [alice, bob]) peer.dropConnections();
      return Promise.resolve();
    },
  ],
  ["the edge that had them was killed, and the worker too", () => killAll(["edge-east-1", "worker-east-1"])],
];

async function killAll(names: readonly string[]): Promise<void> {
  for (const name of names) await killProcess(cluster, name);
  await untilServed();
}

/** The supervisor starts again what died; until then nothing takes a connection. */
function untilServed(): Promise<void> {
  const before = answers();
  const served = (): boolean => {
    alice.request("OPTIONS", to);
    return answers() > before;
  };
  return until(served, { everyMs: 300, what: "an answer to OPTIONS" });
}

const answers = (): number => alice.untaken.filter(({ message }) => message.status === 200).length;

describe.each(LOSSES)("connections of an established call are gone: %s", (_what, lose) => {
  it.each(["caller", "callee"] as const)(
    "a re-INVITE and the BYE from the %s reach the other side by a new connection to its Contact",
    async (side) => {
      const call = await setUp({ caller: alice, callee: bob, to });
      const [asking, answering] = side === "caller" ? [alice, bob] : [bob, alice];
      await lose();
      const before = answering.accepted;
      const dialog = requestsOf(call, side);
      dialog.request("INVITE", { headers: [SDP], body: session(2, 2, "sendonly") });
      answering.reply(await answering.expect("INVITE"), 200, { headers: [SDP], body: session(1, 2, "recvonly") });
      await asking.expect("200 INVITE");
      dialog.ack({}, dialog.sequence);
      await answering.expect("ACK");
      expect(answering.accepted).toBeGreaterThan(before);
      if (side === "caller") return hangUp(call, alice, bob);
      dialog.request("BYE");
      alice.reply(await alice.expect("BYE"), 200);
      await bob.expect("200 BYE");
    },
  );
});

/** The dialog of one side; its requests go to where the pool listens, not to a connection that is gone. */
function requestsOf(call: ScriptedCall, side: "caller" | "callee"): ScriptedCall["caller"] {
  const dialog = call[side];
  dialog.to = { address: "127.0.0.1", port: cluster.port(side === "caller" ? "core" : "out") };
  return dialog;
}
