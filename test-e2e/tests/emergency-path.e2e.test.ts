import type { HeaderLine, SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { sipPorts } from "../harness/ports.ts";
import { startHttpReceiver } from "../harness/receivers.ts";
import { ALLOW, forgetAll, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { startUas, stopAllSipp, type SippRun } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const USER = "+15185550100";
const [provider] = await sipPorts(1);
const open = (user: string) => SipPeer.open({ user, patienceMs: 12_000 });
const alice = await open(USER);
const guest = await open("+15185550199");
const [desk, north, south, mobile, anybody, slow, quick, centre] = (await Promise.all(
  ["+15185550200", "north", "south", "mobile", "anybody", "slow", "quick", "centre"].map(open),
)) as [SipPeer, SipPeer, SipPeer, SipPeer, SipPeer, SipPeer, SipPeer, SipPeer];
const peers = [alice, guest, desk, north, south, mobile, anybody, slow, quick, centre];
const told = { north: await startHttpReceiver(), south: await startHttpReceiver() };

let cluster: TestCluster;
let to: PeerAddressOf;
let sipp: readonly SippRun[] = [];

beforeAll(async () => {
  const elin = { profile: "elin" } as const;
  const topology = await makeTopology({
    core: { usages: ["any"], refer: "act" },
    trunks: {
      desk: { port: desk.port, refer: "act" },
      north: { port: north.port, kind: "e911", emergency: elin },
      south: { port: south.port, kind: "e911", emergency: elin },
      mobile: { port: mobile.port, kind: "e911" },
      anybody: { port: anybody.port, kind: "e911" },
      slow: { port: slow.port, kind: "e911", progressTimeout: "1s" },
      quick: { port: quick.port, kind: "e911" },
      provider: { port: provider, kind: "e911" },
      centre: { port: centre.port },
    },
    routes: [{ name: "desk", match: "^100$", usages: ["any"], trunks: ["desk"] }],
    emergency: {
      trunks: ["anybody"],
      screeningNumber: "+18005550199",
      screeningTrunks: ["centre"],
      siteFrom: "header",
      siteHeader: "X-Client-Address",
      policy: "everybody",
      policies: [
        { name: "north", trunks: ["north"], notify: ["north"] },
        { name: "south", trunks: ["south"], notify: ["south"] },
        { name: "mobile", trunks: ["mobile"] },
        { name: "late", trunks: ["slow", "quick"] },
        { name: "gateways", trunks: ["provider"] },
        { name: "screened", trunks: ["mobile"], screenedCalls: "screening-number" },
        { name: "located", trunks: ["provider"], screenedCalls: "screening-number" },
        { name: "everybody" },
      ],
      users: [{ numbers: [USER], policy: "mobile" }],
      sites: [
        { name: "north", subnets: ["10.1.0.0/16"], policy: "north", erl: "north" },
        { name: "south", subnets: ["10.2.0.0/16"], policy: "south", erl: "south" },
        { name: "late", subnets: ["10.3.0.0/16"], policy: "late" },
        { name: "screened", subnets: ["10.4.0.0/16"], policy: "screened" },
        { name: "located", subnets: ["10.5.0.0/16"], policy: "located" },
        {
          name: "gateways",
          subnets: ["127.0.0.1/32"],
          policy: "gateways",
          location: { country: "US", a1: "NY", a3: "Albany", rd: "Main", sts: "St", hno: "1", flr: "3" },
        },
      ],
      erls: [
        { name: "north", elins: ["+15185550901"] },
        { name: "south", elins: ["+15185550902"] },
      ],
      notificationTargets: [
        { name: "north", kind: "webhook", url: told.north.url },
        { name: "south", kind: "webhook", url: told.south.url },
      ],
    },
  });
  cluster = await startCluster(topology);
  to = { address: "127.0.0.1", port: cluster.port("core") };
  // An INVITE with a location is larger than a datagram should be and comes over TCP (RFC 3261 §18.1.1).
  const scenario = { scenario: "uas-basic-expect-200", port: provider, limitMs: 600_000 } as const;
  sipp = [await startUas(scenario), await startUas({ ...scenario, transport: "t1" })];
});
afterAll(async () => {
  await stopAllSipp();
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
  await Promise.all([told.north.close(), told.south.close()]);
});
beforeEach(() => forgetAll(peers));

const from = (address: string): readonly HeaderLine[] => [["X-Client-Address", address]];

/** A call to 911 that `psap` answers and the caller ends; gives the INVITE there. */
async function emergencyCall(caller: SipPeer, psap: SipPeer, address: string, offer = session(1)): Promise<Arrived> {
  const sent = caller.request("INVITE", to, {
    uri: `sip:911@${to.address}:${to.port}`,
    headers: [ALLOW, ...from(address), SDP],
    body: offer,
  });
  const arrived = await psap.expect("INVITE");
  psap.reply(arrived, 200, { headers: [ALLOW, SDP], body: session(2) });
  const answer = await caller.expect("200 INVITE");
  const dialog = caller.dialogAsCaller(sent, answer);
  dialog.ack();
  await psap.expect("ACK");
  dialog.request("BYE");
  psap.reply(await psap.expect("BYE"), 200);
  await caller.expect("200 BYE");
  return arrived;
}

/** INVITEs at the provider that is SIPp, in order. */
async function invites() {
  const logs = (await Promise.all(sipp.map((run) => run.messages()))).flat();
  const received = logs.filter(({ what, direction }) => what === "INVITE" && direction === "received");
  return received.toSorted((left, right) => left.atMs - right.atMs);
}

/** The record of kind `emergency` of a call, once it is written. */
async function recordOf(sent: SipMessage): Promise<EmergencyBody> {
  const sipCallId = sent.get("Call-ID");
  const all = async () => (await cluster.api.get("/v1/emergency/calls?limit=100")).body as readonly EmergencyBody[];
  const found = async () => (await all()).find((record) => record.sipCallId === sipCallId);
  await until(async () => (await found()) !== undefined, { what: "the emergency record" });
  return (await found())!;
}

interface EmergencyBody {
  readonly sipCallId: string;
  readonly callingNumber: string;
  readonly calledNumber: string;
  readonly outcome: string;
  readonly egressTrunk: string | null;
  readonly emergency: Readonly<Record<string, unknown>>;
  readonly attempts: readonly { readonly trunk: string; readonly outcome: string }[];
  readonly considered: readonly { readonly trunk: string; readonly reason: string }[];
}

/** What the desk of a site was told of a call: the Call-ID at the PSAP begins with the call's id. More than once, where the desk's answer came too late. */
function noticesOf(site: "north" | "south", { message }: Arrived): readonly string[] {
  const callId = `"callId":"${message.get("Call-ID")?.split("-")[0]}"`;
  return told[site].posts.map(({ body }) => body).filter((body) => body.includes(callId));
}

async function untilTold(site: "north" | "south", call: Arrived): Promise<void> {
  await until(() => noticesOf(site, call).length > 0, { what: `the desk in the ${site} is told` });
  expect(noticesOf(site, call).every((body) => body.includes(`"site":"${site}"`))).toBe(true);
}

describe("A15: the location policy is that of the place", () => {
  it("the same user from two subnets: another trunk, another ELIN, other people are told", async () => {
    const inNorth = await emergencyCall(alice, north, "10.1.7.7");
    expect(inNorth.message.get("P-Asserted-Identity")).toContain("+15185550901");
    expect(inNorth.message.get("From")).toContain("+15185550901");
    const inSouth = await emergencyCall(alice, south, "10.2.7.7");
    expect(inSouth.message.get("P-Asserted-Identity")).toContain("+15185550902");
    await untilTold("north", inNorth);
    await untilTold("south", inSouth);
    expect([...noticesOf("north", inSouth), ...noticesOf("south", inNorth)]).toEqual([]);
  });

  it("an unknown subnet: the policy of the user, and of whoever has none that of all", async () => {
    const untold = [await emergencyCall(alice, mobile, "10.9.7.7"), await emergencyCall(guest, anybody, "10.9.7.7")];
    // Notices are taken in the order of their calls: who is told of these has been told of those before.
    await untilTold("north", await emergencyCall(alice, north, "10.1.7.7"));
    await untilTold("south", await emergencyCall(alice, south, "10.2.7.7"));
    for (const call of untold) {
      expect([...noticesOf("north", call), ...noticesOf("south", call)]).toEqual([]);
    }
  });
});

describe("a location that cannot be trusted", () => {
  it("leads to the screening centre first where the policy says so, and on to the PSAP when that fails", async () => {
    const sent = invite(guest, to, { number: "911", headers: from("10.4.7.7") });
    const first = await centre.expect("INVITE");
    expect(first.message.uri).toContain("sip:+18005550199@");
    expect(first.message.get("P-Asserted-Identity")).toContain("+15185550199");
    centre.reply(first, 503);
    await centre.expect("ACK");
    const second = await mobile.expect("INVITE");
    expect(second.message.uri).toContain("sip:911@");
    const answered = mobile.reply(second, 200, { headers: [ALLOW, SDP], body: session(2) });
    const answer = await guest.expect("200 INVITE");
    guest.dialogAsCaller(sent, answer).ack();
    await mobile.expect("ACK");
    mobile.dialogAsCallee(second, answered).request("BYE");
    guest.reply(await guest.expect("BYE"), 200);
    await mobile.expect("200 BYE");
    const { emergency, considered } = await recordOf(sent);
    expect(emergency).toMatchObject({ routing: "screened" });
    expect(considered.slice(0, 2)).toMatchObject([
      { trunk: "centre", reason: "emergency-screened-first" },
      { trunk: "mobile", reason: "emergency" },
    ]);
  });

  it("which a LIS wrote leads to the PSAP at once", async () => {
    const pidf =
      '<presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple id="a"><status><geopriv xmlns="urn:ietf:params:xml:ns:pidf:geopriv10"><location-info><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><A3>Troy</A3></civicAddress></location-info><method>LIS</method></geopriv></status></tuple></presence>';
    const described = ["--b", "Content-Type: application/sdp", "", session(1)];
    const located = ["--b", "Content-Type: application/pidf+xml", "", pidf, "--b--", ""];
    const body = [...described, ...located].join("\r\n");
    const before = (await invites()).length;
    const sent = guest.request("INVITE", to, {
      uri: `sip:911@${to.address}:${to.port}`,
      headers: [...from("10.5.7.7"), ["Content-Type", "multipart/mixed;boundary=b"]],
      body,
    });
    const answer = await guest.expect("200 INVITE");
    const dialog = guest.dialogAsCaller(sent, answer);
    dialog.ack();
    dialog.request("BYE");
    await guest.expect("200 BYE");
    await until(async () => (await invites()).length > before, { what: "the INVITE in the provider's log" });
    expect((await invites())[before]?.text).toContain("<A3>Troy</A3>");
    expect(await recordOf(sent)).toMatchObject({ emergency: { routing: "direct" } });
  });
});

describe("A20: what the call taker hears", () => {
  const offer = (...lines: readonly string[]): string =>
    [...session(1).split("\r\n").slice(0, 5), ...lines, ""].join("\r\n");

  it("comfort noise and silence suppression stay on the caller's side, µ-law goes on", async () => {
    const quiet = offer(
      "m=audio 40000 RTP/AVP 18 0 13 101",
      "a=rtpmap:18 G729/8000",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:13 CN/8000",
      "a=rtpmap:101 telephone-event/8000",
      "a=fmtp:101 0-15",
      "a=silenceSupp:on - - - -",
    );
    const { message } = await emergencyCall(alice, mobile, "10.9.7.7", quiet);
    expect(message.body).toContain("m=audio 40000 RTP/AVP 18 0 101\r\n");
    expect(message.body).not.toContain("CN/8000");
    expect(message.body).toContain("a=fmtp:18 annexb=no");
    expect(message.body).toContain("a=silenceSupp:off");
    expect(message.body).toContain("a=fmtp:101 0-15");
  });

  it("a caller who speaks Opus only gets through, and somebody knows", async () => {
    const opus = offer("m=audio 40000 RTP/AVP 111", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 usedtx=1;minptime=10");
    const before = await alarms("no-g711");
    const { message } = await emergencyCall(alice, mobile, "10.9.7.7", opus);
    expect(message.body).toContain("usedtx=0");
    expect(await alarms("no-g711")).toBe(before + 1);
    await until(() => cluster.callRecords().some(({ emergency }) => emergency?.withoutG711 === true), {
      what: "its detail record",
    });
  });

  const alarms = (cause: string) => cluster.metric(worker(), "tandem_emergency_alarms_total", { cause });
  const worker = (): string => cluster.processes.find(({ role }) => role === "worker")!.name;
});

describe("a call taker's answer that crosses our CANCEL", () => {
  /** The first call taker is given up for want of a sign and the second one is called; the CANCEL is out. */
  async function crossing() {
    const sent = invite(alice, to, { number: "911", headers: from("10.3.7.7") });
    const first = await slow.expect("INVITE");
    slow.reply(first, 100);
    const second = await quick.expect("INVITE");
    slow.reply(await slow.expect("CANCEL"), 200);
    return { sent, first, second };
  }

  it("is taken: the other attempt is cancelled, nobody who helps is hung up on", async () => {
    const { sent, first, second } = await crossing();
    quick.reply(second, 180);
    const answered = slow.reply(first, 200, { headers: [ALLOW, SDP], body: session(3) });
    const answer = await alice.expect("200 INVITE");
    expect(answer.message.body).toContain("192.0.2.3");
    const caller = alice.dialogAsCaller(sent, answer);
    caller.ack();
    await slow.expect("ACK");
    quick.reply(await quick.expect("CANCEL"), 200);
    quick.reply(second, 487);
    await quick.expect("ACK");
    // The call stands: what one says in it reaches the other.
    slow.dialogAsCallee(first, answered).request("INFO");
    alice.reply(await alice.expect("INFO"), 200);
    await slow.expect("200 INFO");
    expect(slow.untaken.some(({ message }) => message.method === "BYE")).toBe(false);
    caller.request("BYE");
    slow.reply(await slow.expect("BYE"), 200);
    await alice.expect("200 BYE");
    expect(await recordOf(sent)).toMatchObject({ outcome: "answered", egressTrunk: "slow" });
  });

  it("is not doubled: where the second one has answered already, the first gets its ACK and a BYE", async () => {
    const { sent, first, second } = await crossing();
    quick.reply(second, 200, { headers: [ALLOW, SDP], body: session(4) });
    const answer = await alice.expect("200 INVITE");
    expect(answer.message.body).toContain("192.0.2.4");
    const caller = alice.dialogAsCaller(sent, answer);
    caller.ack();
    await quick.expect("ACK");
    slow.reply(first, 200, { headers: [ALLOW, SDP], body: session(3) });
    await slow.expect("ACK");
    slow.reply(await slow.expect("BYE"), 200);
    const answers = alice.untaken.filter(({ message }) => message.status === 200 && message.method === "INVITE");
    expect(answers).toHaveLength(0);
    caller.request("BYE");
    quick.reply(await quick.expect("BYE"), 200);
    await alice.expect("200 BYE");
  });
});

describe("an ordinary call transferred to 911", () => {
  /** The referrer is told the last of it, and released. */
  async function released(referrer: SipPeer, status: number): Promise<void> {
    for (;;) {
      const notify = await referrer.expect("NOTIFY");
      referrer.reply(notify, 200);
      if (notify.message.get("Subscription-State")?.startsWith("terminated") !== true) continue;
      expect(notify.message.body).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
      return;
    }
  }

  const ordinary = (address: string): Promise<ScriptedCall> =>
    setUp({ caller: alice, callee: desk, to }, { number: "100", headers: from(address) });

  it("the caller in the north: the trunk, ELIN and people of the north, though nobody dialled", async () => {
    const call = await ordinary("10.1.7.7");
    const before = told.north.posts.length;
    call.callee.request("REFER", { headers: [["Refer-To", "<sip:911@tandem.example>"]] });
    await desk.expect("202 REFER");
    const arrived = await north.expect("INVITE");
    expect(arrived.message.uri).toContain("sip:911@");
    expect(arrived.message.get("Priority")).toBe("emergency");
    expect(arrived.message.get("P-Asserted-Identity")).toContain("+15185550901");
    const answered = north.reply(arrived, 200, { headers: [ALLOW, SDP], body: session(5) });
    await north.expect("ACK");
    const offered = await alice.expect("INVITE");
    expect(offered.message.body).toContain("192.0.2.5");
    alice.reply(offered, 200, { headers: [SDP], body: session(1, 2) });
    await alice.expect("ACK");
    await released(desk, 200);
    desk.reply(await desk.expect("BYE"), 200);
    // RFC 6881 SP-38: from now on the caller may not transfer it.
    call.caller.request("REFER", { headers: [["Refer-To", "<sip:100@tandem.example>"]] });
    await alice.expect("403 REFER");
    north.dialogAsCallee(arrived, answered).request("BYE");
    alice.reply(await alice.expect("BYE"), 200);
    await north.expect("200 BYE");
    const record = await recordOf(call.sent);
    expect(record).toMatchObject({
      calledNumber: "911",
      outcome: "answered",
      emergency: {
        site: "north",
        policy: "north",
        elin: "+15185550901",
        callbackNumber: USER,
        transfer: { callerLeg: "a" },
      },
      attempts: [{ trunk: "north", outcome: "answered" }],
    });
    await until(() => told.north.posts.length > before, { what: "the desk in the north is told" });
  });

  it("every way out is tried, busy and declined too, until one answers", async () => {
    const call = await ordinary("10.3.7.7");
    call.callee.request("REFER", { headers: [["Refer-To", "<sip:911@tandem.example>"]] });
    await desk.expect("202 REFER");
    for (const [peer, status] of [
      [slow, 486],
      [quick, 600],
      [anybody, 404],
      [north, 603],
      [south, 500],
      [mobile, 480],
    ] as const) {
      const arrived = await peer.expect("INVITE");
      peer.reply(arrived, status);
      await peer.expect("ACK");
    }
    // SIPp answers whatever comes: the last way out completes the call.
    await until(async () => (await invites()).length > 0, { what: "the INVITE at the provider" });
    const offered = await alice.expect("INVITE");
    alice.reply(offered, 200, { headers: [SDP], body: session(1, 2) });
    await alice.expect("ACK");
    await released(desk, 200);
    desk.reply(await desk.expect("BYE"), 200);
    call.caller.request("BYE");
    await alice.expect("200 BYE");
    expect((await recordOf(call.sent)).attempts.map(({ trunk }) => trunk)).toEqual([
      "slow",
      "quick",
      "anybody",
      "north",
      "south",
      "mobile",
      "provider",
    ]);
  });

  it("the caller transfers whom he called: with the location of that one's gateway, at a provider that is SIPp", async () => {
    const before = (await invites()).length;
    const call = await ordinary("10.1.7.7");
    call.caller.request("REFER", { headers: [["Refer-To", "<urn:service:sos>"]] });
    await alice.expect("202 REFER");
    const offered = await desk.expect("INVITE");
    desk.reply(offered, 200, { headers: [SDP], body: session(2, 2) });
    await desk.expect("ACK");
    await released(alice, 200);
    alice.reply(await alice.expect("BYE"), 200);
    await until(async () => (await invites()).length > before, { what: "the INVITE in the provider's log" });
    const got = (await invites())[before];
    expect(got?.headers("Priority")).toEqual(["emergency"]);
    expect(got?.headers("Geolocation")[0]).toContain("cid:");
    expect(got?.text).toContain("<ca:A3>Albany</ca:A3>");
    expect(got?.text).toContain("<gp:method>Default</gp:method>");
    call.callee.request("BYE");
    await desk.expect("200 BYE");
    expect(await recordOf(call.sent)).toMatchObject({ emergency: { site: "gateways", transfer: { callerLeg: "b" } } });
  });
});
