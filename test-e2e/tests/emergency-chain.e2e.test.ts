import { formatMessage, type HeaderLine, type SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const DID = "+18005550199";
const alice = await SipPeer.open({ user: "alice" });
const [sos, alone, few, kept, did] = await Promise.all(
  ["sos", "alone", "few", "kept", "did"].map((user) => SipPeer.open({ user, patienceMs: 12_000 })),
);
const peers = [alice, sos!, alone!, few!, kept!, did!];
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 }, alone: { listeners: { out: {} } } },
    core: { usages: ["any"], trusted: true },
    trunks: {
      sos: { port: sos!.port, kind: "e911" },
      alone: { port: alone!.port, kind: "e911", pool: "alone" },
      few: { port: few!.port, maxCalls: 2 },
      kept: { port: kept!.port, maxCalls: 2, emergencyReserve: 1 },
      did: { port: did!.port },
    },
    routes: [
      { name: "few", match: "^100$", usages: ["any"], trunks: ["few"] },
      { name: "kept", match: "^200$", usages: ["any"], trunks: ["kept"], suppressCallerId: true },
    ],
    emergency: {
      trunks: ["sos"],
      screeningNumber: DID,
      screeningTrunks: ["did"],
      policy: "tested",
      policies: [{ name: "tested", testCalls: { trunks: ["few"], notify: false } }],
    },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
});
beforeEach(() => forgetAll(peers));

/** The peers refuse the emergency call in turn; gives what each got. */
async function refuse(...refusals: readonly (readonly [SipPeer, number])[]): Promise<readonly Arrived[]> {
  const arrived: Arrived[] = [];
  for (const [peer, status] of refusals) {
    const at = await peer.expect("INVITE");
    peer.reply(at, status);
    await peer.expect("ACK");
    arrived.push(at);
  }
  return arrived;
}

/** Answers the INVITE that is due at the peer, and ends the call. */
async function answerAndEnd(sent: SipMessage, peer: SipPeer): Promise<Arrived> {
  const arrived = await peer.expect("INVITE");
  const answered = peer.reply(arrived, 200, { headers: [SDP], body: session(2) });
  const answer = await alice.expect("200 INVITE");
  const caller = alice.dialogAsCaller(sent, answer);
  caller.ack();
  await peer.expect("ACK");
  const call: ScriptedCall = { caller, callee: peer.dialogAsCallee(arrived, answered), sent, arrived, answer };
  await hangUp(call, alice, peer);
  return arrived;
}

describe("the chain of ways out", () => {
  it("every failure leads to the next, busy and declined too, over another pool, to the screening number; then 503", async () => {
    const sent = invite(alice, to, { number: "911" });
    const got = await refuse([sos!, 486], [alone!, 600], [few!, 503], [kept!, 404], [did!, 603]);
    alice.ackFailure(sent, await alice.expect(503));
    expect(got.map(({ message }) => /^sip:([^@]*)@/.exec(message.uri)?.[1])).toEqual(["911", "911", "911", "911", DID]);
    // The other pool's own edge sent it.
    expect(got[1]?.from.port).toBe(cluster.port("out", "alone"));
  });

  it("A17: one provider 503, one silent: the gateway gets the screening number within 15 s, and the chain is on record", async () => {
    const dialledMs = Date.now();
    const sent = invite(alice, to, { number: "911" });
    await refuse([sos!, 503]);
    const silent = await alone!.expect("INVITE");
    await refuse([few!, 503], [kept!, 503]);
    const arrived = await answerAndEnd(sent, did!);
    expect(Date.now() - dialledMs).toBeLessThan(15_000);
    expect(arrived.message.uri).toContain(`sip:${DID}@`);
    // Without a provisional response there is no CANCEL (RFC 3261 §9.1): the INVITE is repeated until it is answered.
    alone!.reply(silent, 503);
    await alone!.expect("ACK", silent.message.get("Call-ID"));
    const chain = [
      ["sos", "peer-unavailable"],
      ["alone", "connect-timeout"],
      ["few", "peer-unavailable"],
      ["kept", "peer-unavailable"],
      ["did", "answered"],
    ];
    expect((await recordedAttempts(sent)).map(({ trunk, outcome }) => [trunk, outcome])).toEqual(chain);
  });
});

describe("B4: a test call", () => {
  it.each(["sip:933@127.0.0.1", "tel:933", "urn:service:test.sos"])(
    "%s goes to the policy's test trunk, and to no call taker when that refuses",
    async (uri) => {
      const sent = alice.request("INVITE", to, { uri, headers: [SDP], body: session(1) });
      const [arrived] = await refuse([few!, 503]);
      expect(arrived?.message.uri).toMatch(/^sip:933@/);
      alice.ackFailure(sent, await alice.expect("503 INVITE"));
      expect((await recordedAttempts(sent)).map(({ trunk }) => trunk)).toEqual(["few"]);
    },
  );
});

interface EmergencyBody {
  readonly sipCallId: string;
  readonly attempts: readonly { readonly trunk: string; readonly outcome: string }[];
}

/** What the emergency record says of the call's ways out, once it is written. */
async function recordedAttempts(sent: SipMessage): Promise<EmergencyBody["attempts"]> {
  const records = async () => (await cluster.api.get("/v1/emergency/calls?limit=100")).body as readonly EmergencyBody[];
  const own = async () => (await records()).find(({ sipCallId }) => sipCallId === sent.get("Call-ID"));
  await until(async () => (await own()) !== undefined, { what: "the emergency record" });
  return (await own())!.attempts;
}

describe("A1: forms that are no SIP URI", () => {
  it.each(["urn:service:sos", "urn:service:SOS.fire", "tel:911", "tel:911;phone-context=+1"])("%s", async (uri) => {
    const sent = alice.request("INVITE", to, { uri, headers: [SDP], body: session(1) });
    const arrived = await answerAndEnd(sent, sos!);
    expect(arrived.message.uri).toContain("911");
  });
});

describe("A12: a full trunk", () => {
  it("ends its oldest ordinary call for the emergency call, and says why", async () => {
    const first = await setUp({ caller: alice, callee: few!, to });
    const second = await setUp({ caller: alice, callee: few!, to });
    const sent = invite(alice, to, { number: "911" });
    await refuse([sos!, 503], [alone!, 503]);
    const bye = await few!.expect("BYE");
    expect(bye.message.get("Call-ID")).toBe(first.callee.callId);
    expect(bye.message.getAll("Reason")).toContain('Preemption;cause=2;text="Reserved Resources Preempted"');
    few!.reply(bye, 200);
    alice.reply(await alice.expect("BYE"), 200);
    await answerAndEnd(sent, few!);
    await hangUp(second, alice, few!);
    await until(() => cluster.callRecords().some(({ failure }) => failure === "preempted"), { what: "its record" });
    const record = cluster.callRecords().find(({ failure }) => failure === "preempted");
    expect(record).toMatchObject({ endedBy: "system", emergency: null, egressTrunk: "few" });
  });

  it("with a reserve refuses the ordinary call instead, and ends none", async () => {
    const only = await setUp({ caller: alice, callee: kept!, to }, { number: "200" });
    const refused = invite(alice, to, { number: "200" });
    alice.ackFailure(refused, await alice.expect(503));
    const sent = invite(alice, to, { number: "911" });
    await refuse([sos!, 503], [alone!, 503], [few!, 503]);
    await answerAndEnd(sent, kept!);
    await hangUp(only, alice, kept!);
  });
});

describe("A18: a malformed emergency INVITE is forwarded, the same to another number is not", () => {
  const changes: readonly (readonly [string, (text: string) => string, number | null])[] = [
    ["no Max-Forwards", (text) => text.replace(/Max-Forwards: .*\r\n/, ""), null],
    [
      "two Max-Forwards",
      (text) => text.replace("Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nMax-Forwards: 69\r\n"),
      400,
    ],
    ["two To", (text) => text.replace(/(To: .*\r\n)/, "$1$1"), 400],
    ["an unreadable Max-Forwards", (text) => text.replace("Max-Forwards: 70", "Max-Forwards: many"), 400],
    ["Require: 100rel", (text) => text.replace("CSeq:", "Require: 100rel\r\nCSeq:"), null],
    ["an unknown Require", (text) => text.replace("CSeq:", "Require: magic\r\nCSeq:"), 420],
    [
      "no SDP",
      (text) =>
        `${text
          .split("\r\n\r\n", 1)[0]
          ?.replace(/Content-(?:Type|Length): .*\r\n/g, "")
          .replace(/\r\nContent-Length: \d+$/, "")}\r\nContent-Length: 0\r\n\r\n`,
      null,
    ],
  ];

  function sketch(number: string): SipMessage {
    return alice.request(
      "INVITE",
      { address: "127.0.0.1", port: 9 },
      {
        uri: `sip:${number}@${to.address}:${to.port}`,
        headers: [SDP],
        body: session(1),
      },
    );
  }

  it.each(changes.map((change, at) => [change[0], at] as const))("%s", async (_, at) => {
    const [, change, status] = changes[at]!;
    const sent = sketch("911");
    alice.send(change(formatMessage(sent)), to);
    const arrived = await sos!.expect("INVITE");
    sos!.reply(arrived, 404);
    await sos!.expect("ACK");
    await refuse([alone!, 404], [few!, 404], [kept!, 404], [did!, 404]);
    alice.ackFailure(sent, await alice.expect("503 INVITE"));
    if (status === null) return;
    const ordinary = sketch("100");
    alice.send(change(formatMessage(ordinary)), to);
    alice.ackFailure(ordinary, await alice.expect(status));
  });
});

describe("A19: the caller's identity goes along", () => {
  const hidden: readonly HeaderLine[] = [
    ["Privacy", "id"],
    ["P-Asserted-Identity", "<sip:+12125550142@core.example>"],
  ];

  async function expectShown(sent: SipMessage, peer: SipPeer): Promise<void> {
    const { message } = await answerAndEnd(sent, peer);
    for (const name of ["From", "P-Asserted-Identity"]) expect(message.get(name)).toContain("+12125550142");
  }

  it("whatever privacy says", async () => {
    await expectShown(invite(alice, to, { number: "911", headers: hidden }), sos!);
  });

  it("by a route that withholds it, too: an ordinary call's is not shown there", async () => {
    const headers: readonly HeaderLine[] = [...hidden, ["Priority", "emergency"]];
    await expectShown(invite(alice, to, { number: "200", headers }), kept!);
    const ordinary = invite(alice, to, { number: "200", headers: hidden });
    const arrived = await kept!.expect("INVITE");
    expect(formatMessage(arrived.message)).not.toContain("2125550142");
    kept!.reply(arrived, 404);
    alice.ackFailure(ordinary, await alice.expect("404 INVITE"));
  });
});

describe("B8: on the call", () => {
  let call: ScriptedCall;
  beforeAll(async () => {
    call = await setUp({ caller: alice, callee: sos!, to }, { number: "911" });
  });

  it("the caller may not put the call taker on hold", async () => {
    const held = call.caller.request("INVITE", { headers: [SDP], body: session(1, 2, "sendonly") });
    alice.ackFailure(held, await alice.expect("403 INVITE"));
    call.caller.request("UPDATE", { headers: [SDP], body: session(1, 2, "inactive") });
    await alice.expect("403 UPDATE");
  });

  it("nor transfer the call", async () => {
    call.caller.request("REFER", { headers: [["Refer-To", "<sip:100@core.example>"]] });
    await alice.expect("403 REFER");
  });

  it("the PSAP may transfer it: the target it names is called where it called from", async () => {
    call.callee.request("REFER", { headers: [["Refer-To", `<sip:second-desk@127.0.0.1:${sos!.port}>`]] });
    const refer = await alice.expect("REFER");
    alice.reply(refer, 202);
    await sos!.expect("202 REFER");
  });

  it("the call is still there", async () => {
    await hangUp(call, alice, sos!);
  });
});
