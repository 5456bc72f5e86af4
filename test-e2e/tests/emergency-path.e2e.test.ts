import { until, type Arrived, type SipPeer } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EmergencySites, from } from "../harness/emergency-sites.ts";
import { ALLOW, invite, SDP, session } from "../harness/scripted-call.ts";
import { stopAllSipp } from "../harness/sipp.ts";

const sites = await EmergencySites.open();
const { alice, guest, north, south, mobile, anybody, slow, quick, centre } = sites.peers;

beforeAll(() => sites.start());
afterAll(async () => {
  await stopAllSipp();
  await sites.stop();
});
beforeEach(() => sites.forget());

/** A call to 911 that `psap` answers and the caller ends; gives the INVITE there. */
async function emergencyCall(caller: SipPeer, psap: SipPeer, address: string, offer = session(1)): Promise<Arrived> {
  const sent = caller.request("INVITE", sites.to, {
    uri: `sip:911@${sites.to.address}:${sites.to.port}`,
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

/** What the desk of a site was told of a call: the Call-ID at the PSAP begins with the call's id. More than once, where the desk's answer came too late. */
function noticesOf(site: "north" | "south", { message }: Arrived): readonly string[] {
  const callId = `"callId":"${message.get("Call-ID")?.split("-")[0]}"`;
  return sites.told[site].posts.map(({ body }) => body).filter((body) => body.includes(callId));
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
    const sent = invite(guest, sites.to, { number: "911", headers: from("10.4.7.7") });
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
    const { emergency, considered } = await sites.recordOf(sent);
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
    const before = (await sites.invites()).length;
    const sent = guest.request("INVITE", sites.to, {
      uri: `sip:911@${sites.to.address}:${sites.to.port}`,
      headers: [...from("10.5.7.7"), ["Content-Type", "multipart/mixed;boundary=b"]],
      body,
    });
    const answer = await guest.expect("200 INVITE");
    const dialog = guest.dialogAsCaller(sent, answer);
    dialog.ack();
    dialog.request("BYE");
    await guest.expect("200 BYE");
    await until(async () => (await sites.invites()).length > before, { what: "the INVITE in the provider's log" });
    expect((await sites.invites())[before]?.text).toContain("<A3>Troy</A3>");
    expect(await sites.recordOf(sent)).toMatchObject({ emergency: { routing: "direct" } });
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
    await until(() => sites.cluster.callRecords().some(({ emergency }) => emergency?.withoutG711 === true), {
      what: "its detail record",
    });
  });

  const alarms = (cause: string) => sites.cluster.metric(worker(), "tandem_emergency_alarms_total", { cause });
  const worker = (): string => sites.cluster.processes.find(({ role }) => role === "worker")!.name;
});

describe("a call taker's answer that crosses our CANCEL", () => {
  /** The first call taker is given up for want of a sign and the second one is called; the CANCEL is out. */
  async function crossing() {
    const sent = invite(alice, sites.to, { number: "911", headers: from("10.3.7.7") });
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
    expect(await sites.recordOf(sent)).toMatchObject({ outcome: "answered", egressTrunk: "slow" });
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
