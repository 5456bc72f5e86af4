import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTag, type SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf, type PeerDialog } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { startLike, type ExtraProcess } from "../harness/extra-process.ts";
import { untilWorkers } from "../harness/kill.ts";
import { openLink, type NetworkLink } from "../harness/network-link.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const CUT = "worker-cut";
/** Of these, half come to the worker that is cut off: the edge has two and asks them in turn. */
const NUMBERS = ["911", "911", "100", "100"] as const;
/** From the cut to the end of everything that was under way. The edge notices after 6 s and a look; about 8 s on a machine with nothing else to do. */
const NOTICED_MS = 18_000;

const [alice, bob, sos] = (await Promise.all(
  ["alice", "bob", "sos"].map((user) => SipPeer.open({ user, patienceMs: 30_000 })),
)) as [SipPeer, SipPeer, SipPeer];
const folder = mkdtempSync(join(tmpdir(), "tandem-partition-"));
let cluster: TestCluster;
let link: NetworkLink;
let worker: ExtraProcess;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { arrangement: "split" } },
    trunks: { bob: { port: bob.port }, sos: { port: sos.port, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
  const edge = cluster.processes.find(({ role }) => role === "edge")?.admin ?? "";
  link = await openLink(Number(edge.split(":")[1]));
  const edges = join(folder, "edges.json");
  writeFileSync(edges, JSON.stringify({ east: [`127.0.0.1:${link.port}`] }));
  worker = await startLike(cluster, "worker-east-1", {
    TANDEM_NODE_ID: CUT,
    TANDEM_EDGES_FILE: edges,
    TANDEM_HTTP: "127.0.0.1:0",
  });
  await untilWorkers(cluster, 2);
  await untilServing();
});
afterAll(async () => {
  await worker?.stop();
  await link?.close();
  await cluster?.stop();
  await Promise.all([alice, bob, sos].map((peer) => peer.close()));
  rmSync(folder, { recursive: true, force: true });
});

interface MemberBody {
  readonly id: string;
  readonly facts: { readonly edges?: number; readonly topologyVersion?: number };
}

/** The edge has both workers, and the one beyond the link has a topology. */
function untilServing(): Promise<void> {
  return until(
    async () => {
      const members = (await cluster.api.get("/v1/members")).body as readonly MemberBody[];
      const facts = members.find(({ id }) => id === CUT)?.facts;
      if (facts?.edges !== 1 || facts.topologyVersion === 0) return false;
      return (await cluster.metric("edge-east-1", "tandem_workers_connected")) === 2;
    },
    { what: "the worker beyond the link serving", limitMs: 60_000 },
  );
}

interface Ringing {
  readonly sent: SipMessage;
  readonly arrived: Arrived;
  readonly called: SipPeer;
}

const calledBy = (number: string): SipPeer => (number === "911" ? sos : bob);

async function ring(number: string): Promise<Ringing> {
  const called = calledBy(number);
  const sent = invite(alice, to, { number });
  const arrived = await called.expect("INVITE");
  called.reply(arrived, 180);
  await alice.expect(180, sent.get("Call-ID"));
  return { sent, arrived, called };
}

/** Answers what rings; gives the call, acknowledged on both sides. */
async function pickUp({ sent, arrived, called }: Ringing): Promise<ScriptedCall> {
  const accepted = called.reply(arrived, 200, { headers: [SDP], body: session(2) });
  const answer = await alice.expect("200 INVITE", sent.get("Call-ID"));
  const caller: PeerDialog = alice.dialogAsCaller(sent, answer);
  caller.ack();
  await called.expect("ACK", arrived.message.get("Call-ID"));
  return { caller, callee: called.dialogAsCallee(arrived, accepted), sent, arrived, answer };
}

/** Answers a call that nobody was told of yet, and finds its legs by the call's id, with which our tags and Call-IDs begin. */
async function answerAll(sent: readonly SipMessage[]): Promise<ScriptedCall[]> {
  const legs = await Promise.all(
    NUMBERS.map(async (number) => {
      const called = calledBy(number);
      const arrived = await called.expect("INVITE");
      return { called, arrived, accepted: called.reply(arrived, 200, { headers: [SDP], body: session(2) }) };
    }),
  );
  return Promise.all(
    sent.map(async (one) => {
      const answer = await alice.expect("200 INVITE", one.get("Call-ID"));
      const id = (readTag(answer.message.get("To") ?? "") ?? "").split("-")[0] ?? "";
      const leg = legs.find(({ arrived }) => arrived.message.get("Call-ID")?.startsWith(id));
      if (leg === undefined) throw new Error("a call without its called leg");
      const caller = alice.dialogAsCaller(one, answer);
      caller.ack();
      const { called, arrived, accepted } = leg;
      await called.expect("ACK", arrived.message.get("Call-ID"));
      return { caller, callee: called.dialogAsCallee(arrived, accepted), sent: one, arrived, answer };
    }),
  );
}

const inOrder = async <T>(make: (number: string) => Promise<T>): Promise<T[]> => {
  const made: T[] = [];
  for (const number of NUMBERS) made.push(await make(number));
  return made;
};

/** Nobody was called twice, nothing that rang was cancelled, nothing was ended twice: what came again was the same request. */
function nothingElseCame(called: SipPeer): void {
  const requests = called.untaken.filter(({ message }) => message.kind === "request");
  expect(requests.map(({ message }) => message.method).filter((method) => method !== "ACK")).toEqual([]);
}

describe("the connection between a worker and its edge is cut, both live, and neither is told", () => {
  it("what rings is answered, what stands ends, what comes is served: within seconds, by the other worker, each once", async () => {
    forgetAll([alice, bob, sos]);
    const before = cluster.callRecords().length;
    const standing = await inOrder((number) => setUp({ caller: alice, callee: calledBy(number), to }, { number }));
    const ringing = await inOrder(ring);
    link.cut();
    const cutMs = Date.now();
    const coming = NUMBERS.map((number) => invite(alice, to, { number }));
    const [, answered, served] = await Promise.all([
      Promise.all(standing.map((call, at) => hangUp(call, alice, calledBy(NUMBERS[at] ?? "")))),
      Promise.all(ringing.map(pickUp)),
      answerAll(coming),
    ]);
    expect(Date.now() - cutMs).toBeLessThan(NOTICED_MS);
    for (const [at, call] of answered.entries()) await hangUp(call, alice, calledBy(NUMBERS[at] ?? ""));
    for (const [at, call] of served.entries()) await hangUp(call, alice, calledBy(NUMBERS[at] ?? ""));
    for (const called of [bob, sos]) nothingElseCame(called);
    const records = (await cluster.recordsOf(before + 3 * NUMBERS.length)).slice(before);
    expect(records.map(({ sipCode, endedBy, attempts }) => [sipCode, endedBy, attempts])).toEqual(
      records.map(() => [200, "caller", 1]),
    );
    expect(new Set(records.map(({ id }) => id)).size).toBe(3 * NUMBERS.length);
    expect(records).toHaveLength(3 * NUMBERS.length);
  });

  it("mended, that worker serves again", async () => {
    link.mend();
    await untilServing();
    for (const number of NUMBERS) {
      await hangUp(await setUp({ caller: alice, callee: calledBy(number), to }, { number }), alice, calledBy(number));
    }
    const load = async (): Promise<number> => {
      const trunks = (await cluster.api.get("/v1/trunks")).body as readonly { readonly load: number }[];
      return trunks.reduce((sum, one) => sum + one.load, 0);
    };
    await until(async () => (await load()) === 0, { what: "no load left" });
  });
});
