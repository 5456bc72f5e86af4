import type { HeaderLine } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { forgetAll, hangUp, requestAtLast, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const alice = await SipPeer.open({ user: "alice", patienceMs: 15_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 15_000 });
const WORKERS = ["worker-east-1", "worker-east-2"] as const;

let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { arrangement: "split", edges: 2, workers: 2 } },
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

/** The pool's other edge, at the same port of the next address: where a name of several addresses leads when the first is gone. */
const otherEdge = ({ port }: PeerAddressOf): PeerAddressOf => ({ address: "127.0.0.2", port });

async function killWorkers(): Promise<void> {
  await untilWorkers(cluster, WORKERS.length);
  for (const worker of WORKERS) await killProcess(cluster, worker);
}

interface Side {
  readonly asking: SipPeer;
  readonly answering: SipPeer;
  readonly dialog: (call: ScriptedCall) => ScriptedCall["caller"];
}

const SIDES: Readonly<Record<"caller" | "callee", Side>> = {
  caller: { asking: alice, answering: bob, dialog: ({ caller }) => caller },
  callee: { asking: bob, answering: alice, dialog: ({ callee }) => callee },
};

interface Exchange {
  readonly method: string;
  readonly what: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly status: number;
  readonly answer?: { readonly headers: readonly HeaderLine[]; readonly body: string };
}

const OFFER = { headers: [SDP], body: session(2, 2, "sendonly") };
const ANSWER = { headers: [SDP], body: session(1, 2, "recvonly") };

const EXCHANGES: readonly Exchange[] = [
  { method: "INVITE", what: "re-INVITE that holds", ...OFFER, status: 200, answer: ANSWER },
  { method: "UPDATE", what: "UPDATE with an offer", ...OFFER, status: 200, answer: ANSWER },
  {
    method: "INFO",
    what: "INFO",
    headers: [["Content-Type", "application/dtmf-relay"]],
    body: "Signal=1",
    status: 200,
  },
  { method: "OPTIONS", what: "OPTIONS in the dialog", status: 200 },
  {
    method: "MESSAGE",
    what: "MESSAGE in the dialog",
    headers: [["Content-Type", "text/plain"]],
    body: "x",
    status: 200,
  },
  { method: "REFER", what: "REFER", headers: [["Refer-To", "<sip:300@example.net>"]], status: 202 },
];

const sequenceOf = ({ message }: Arrived): number => Number(message.get("CSeq")?.split(" ")[0]);

/** One exchange from one side through the other edge; gives the request as the other side got it. */
async function exchange(
  call: ScriptedCall,
  by: Side,
  { method, status, answer, ...given }: Exchange,
): Promise<Arrived> {
  const dialog = by.dialog(call);
  const { headers = [], body = "" } = given;
  const arrived = await requestAtLast(dialog, by, { method, headers, body });
  by.answering.reply(arrived, status, answer ?? {});
  await by.asking.expect(`${status} ${method}`);
  if (method === "INVITE") {
    dialog.ack({}, dialog.sequence);
    await by.answering.expect("ACK");
  }
  return arrived;
}

describe.each(["caller", "callee"] as const)(
  "every worker of the call killed, then the %s sends by the other edge",
  (side) => {
    it("each kind of request in the dialog is served by whoever is there next, and numbers grow", async () => {
      const by = SIDES[side];
      const call = await setUp({ caller: alice, callee: bob, to });
      for (const dialog of [call.caller, call.callee]) dialog.to = otherEdge(dialog.to);
      let last = side === "caller" ? sequenceOf(call.arrived) : 0;
      await killWorkers();
      for (const each of EXCHANGES) {
        const number = sequenceOf(await exchange(call, by, each));
        expect(number, each.what).toBeGreaterThan(last);
        last = number;
      }
      await killWorkers();
      const bye = await requestAtLast(by.dialog(call), by, { method: "BYE" });
      expect(sequenceOf(bye)).toBeGreaterThan(last);
      by.answering.reply(bye, 200);
      await by.asking.expect("200 BYE");
    });
  },
);

describe("two requests at once, on two workers", () => {
  it("from both sides by both edges: every one is answered, and no number is used twice or goes back", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.callee.to = otherEdge(call.callee.to);
    const seen = { alice: 0, bob: sequenceOf(call.arrived) };
    for (let round = 0; round < 10; round += 1) {
      call.caller.request("INFO");
      call.callee.request("INFO");
      const [atBob, atAlice] = await Promise.all([bob.expect("INFO"), alice.expect("INFO")]);
      expect(sequenceOf(atBob)).toBeGreaterThan(seen.bob);
      expect(sequenceOf(atAlice)).toBeGreaterThan(seen.alice);
      Object.assign(seen, { alice: sequenceOf(atAlice), bob: sequenceOf(atBob) });
      bob.reply(atBob, 200);
      alice.reply(atAlice, 200);
      await Promise.all([alice.expect("200 INFO"), bob.expect("200 INFO")]);
    }
    await hangUp(call, alice, bob);
  });

  it("offers from both sides: one goes through or both get 491, and the call lives", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.callee.to = otherEdge(call.callee.to);
    call.caller.request("INVITE", OFFER);
    call.callee.request("INVITE", OFFER);
    // Nobody answers before it is known of both what becomes of them: two of which one is over before the other is read would both go through.
    await Promise.all([decided(alice, bob), decided(bob, alice)]);
    const outcomes = await Promise.all([settle(alice, bob, call.caller), settle(bob, alice, call.callee)]);
    expect(outcomes.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(outcomes.every((status) => [200, 491, 500].includes(status))).toBe(true);
    await hangUp(call, alice, bob);
  });

  it("BYE from both sides: both are answered, one detail record", async () => {
    const call = await setUp({ caller: alice, callee: bob, to });
    call.callee.to = otherEdge(call.callee.to);
    call.caller.request("BYE");
    call.callee.request("BYE");
    await Promise.all([alice.expect("200 BYE"), bob.expect("200 BYE")]);
    for (const peer of [alice, bob]) for (const bye of takeByes(peer)) peer.reply(bye, 200);
    const mine = () => cluster.callRecords().filter(({ sipCallId }) => sipCallId === call.caller.callId);
    await until(() => mine().length > 0, { what: "the detail record" });
    expect(mine()).toHaveLength(1);
  });
});

const isEnd = ({ message }: Arrived): boolean =>
  message.kind === "response" && message.status >= 200 && (message.get("CSeq") ?? "").endsWith("INVITE");
const isOffer = ({ message }: Arrived): boolean => message.kind === "request" && message.method === "INVITE";

/** A re-INVITE has got to the other side, or is refused because it met one from there. */
function decided(asking: SipPeer, answering: SipPeer): Promise<void> {
  return until(() => answering.untaken.some(isOffer) || asking.untaken.some(isEnd), {
    what: "what becomes of an offer",
  });
}

/** The end of such a re-INVITE. */
async function settle(asking: SipPeer, answering: SipPeer, dialog: ScriptedCall["caller"]): Promise<number> {
  if (!asking.untaken.some(isEnd)) answering.reply(await answering.expect("INVITE"), 200, ANSWER);
  const { message } = await asking.expect((each) => each.method === "INVITE" && each.status >= 200);
  if (message.status !== 200) return message.status;
  dialog.ack({}, dialog.sequence);
  await answering.expect("ACK");
  return 200;
}

function takeByes(peer: SipPeer): readonly Arrived[] {
  return peer.untaken.filter(({ message }) => message.kind === "request" && message.method === "BYE");
}
