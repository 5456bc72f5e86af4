import { formatMessage, type HeaderLine, type SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeCertificates } from "../harness/tls.ts";
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
    emergency: { trunks: ["sos"], screeningNumber: DID, screeningTrunks: ["did"] },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
});
beforeEach(() => forgetAll(peers));

/** A sink may get a record twice, with the same id. */
function onceEach<R extends { readonly id: string }>(records: readonly R[]): readonly R[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

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

  it("A17: one provider 503, one silent: the third way is dialled within 15 s", async () => {
    const dialledMs = Date.now();
    const sent = invite(alice, to, { number: "911" });
    await refuse([sos!, 503]);
    const silent = await alone!.expect("INVITE");
    await answerAndEnd(sent, few!);
    expect(Date.now() - dialledMs).toBeLessThan(15_000);
    // Without a provisional response there is no CANCEL (RFC 3261 §9.1): the INVITE is repeated until it is answered.
    alone!.reply(silent, 503);
    await alone!.expect("ACK", silent.message.get("Call-ID"));
  });
});

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

  function sketch(number: string, at: number): SipMessage {
    return alice.request(
      "INVITE",
      { address: "127.0.0.1", port: 9 },
      {
        uri: `sip:${number}@${to.address}:${to.port}`,
        callId: `malformed-${number}-${at}`,
        headers: [SDP],
        body: session(1),
      },
    );
  }

  it.each(changes.map((change, at) => [change[0], at] as const))("%s", async (_, at) => {
    const [, change, status] = changes[at]!;
    const sent = sketch("911", at);
    alice.send(change(formatMessage(sent)), to);
    const arrived = await sos!.expect("INVITE");
    sos!.reply(arrived, 404);
    await sos!.expect("ACK");
    await refuse([alone!, 404], [few!, 404], [kept!, 404], [did!, 404]);
    alice.ackFailure(sent, await alice.expect("503 INVITE"));
    if (status === null) return;
    const ordinary = sketch("100", at);
    alice.send(change(formatMessage(ordinary)), to);
    alice.ackFailure(ordinary, await alice.expect(status));
  });
});

describe("A19: the caller's identity goes along", () => {
  it("whatever route and privacy say", async () => {
    const headers: readonly HeaderLine[] = [
      ["Privacy", "id"],
      ["P-Asserted-Identity", "<sip:+12125550142@core.example>"],
    ];
    const sent = invite(alice, to, { number: "911", headers });
    const arrived = await answerAndEnd(sent, sos!);
    for (const name of ["From", "P-Asserted-Identity"]) expect(arrived.message.get(name)).toContain("+12125550142");
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

describe("A8: every trunk is down", () => {
  const silentPorts = sipPorts(2);
  let lost: TestCluster;
  afterEach(stopAllSipp);
  afterAll(() => lost?.stop());

  it("911 completes over the one that answers an INVITE; an ordinary call gets 503 at once, and each call has one record with its attempts", async () => {
    const [deaf, dead] = await silentPorts;
    const topology = await makeTopology({
      trunkDefaults: {
        probe: {
          enabled: true,
          interval: 1_000,
          downInterval: 60_000,
          timeout: 200,
          failuresToDown: 1,
          watchCalls: false,
        },
      },
      core: { usages: ["any"], probe: { enabled: false } },
      trunks: { dead: { port: dead, kind: "e911" }, deaf: { port: deaf } },
      routes: [{ name: "all", match: "^100$", usages: ["any"], trunks: ["deaf"] }],
      emergency: { trunks: ["dead"] },
    });
    lost = await startCluster(topology);
    const down = async (trunk: string): Promise<boolean> => {
      const { body } = await lost.api.get(`/v1/trunks/${trunk}`);
      return (body as { readonly health: { readonly state: string } }).health.state === "down";
    };
    await until(async () => (await down("dead")) && (await down("deaf")), {
      what: "both trunks down",
      limitMs: 20_000,
    });
    const target = lost.port("core");
    const { caller } = await placeCall({ scenario: "uac-basic-expect-200", target, service: "911", holdMs: 20 }, [
      { scenario: "uas-basic-expect-200", port: deaf },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const refused = async (service: string) => {
      const uac = await startUac({ scenario: "uac-refused-expect-503", target, service });
      expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
    };
    await refused("100");
    await stopAllSipp();
    for (const port of [deaf, dead]) await startUas({ scenario: "uas-refuses-expect-503", port });
    await refused("911");
    // The record of the first call comes once nobody can answer the INVITE any more that was given up (RFC 3261 §9.1): not waited for.
    const recorded = () => onceEach(lost.callRecords()).filter(({ sipCode }) => sipCode === 503);
    const tried = (id: string) => onceEach(lost.attemptRecords()).filter(({ callId }) => callId === id);
    await until(
      () => recorded().length >= 2 && recorded().every((each) => tried(each.callId).length >= each.attempts),
      {
        what: "the records of both calls",
      },
    );
    const told = recorded().map(({ callId, calledNumber }) =>
      [calledNumber, ...tried(callId).map(({ trunk }) => trunk)].join(" "),
    );
    expect(told.toSorted()).toEqual(["100", "911 dead deaf"]);
    expect(recorded().find(({ calledNumber }) => calledNumber === "100")?.failure).toBe("no-trunk-available");
  });
});

describe("A6: a provider whose TLS is broken (RFC 6881 SP-31)", () => {
  const certificates = makeCertificates();
  let secure: TestCluster;
  afterEach(stopAllSipp);
  afterAll(async () => {
    await secure?.stop();
    certificates.remove();
  });

  it("gets the emergency call in clear where the topology allows it, an ordinary call never", async () => {
    const [closed, clear] = await sipPorts(2);
    const { caFile, certificateFile, keyFile } = certificates;
    const tls = { caFile, certificateFile, keyFile, mutual: false };
    const topology = await makeTopology({
      pools: { east: { listeners: { core: { serves: "callers" }, out: {}, "out-tls": { transport: "tls", tls } } } },
      trunks: {
        secure: { port: closed, listener: "out-tls", clearTrunk: "clear" },
        clear: { port: clear, gateway: "secure" },
      },
      routes: [{ name: "secure", match: "^100$", usages: ["any"], trunks: ["secure"] }],
      emergency: { fallbackTrunks: ["secure"], clearFallback: true },
    });
    secure = await startCluster(topology);
    const target = secure.port("core");
    const uas = await startUas({ scenario: "uas-basic-expect-200", port: clear });
    const emergency = await startUac({ scenario: "uac-basic-expect-200", target, service: "911", holdMs: 20 });
    expect(await emergency.result).toMatchObject({ exitCode: 0, completed: 1 });
    const ordinary = await startUac({ scenario: "uac-refused-expect-503", target, service: "100" });
    expect(await ordinary.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await uas.messages()).filter(({ what }) => what === "INVITE")).toHaveLength(1);
  });
});
