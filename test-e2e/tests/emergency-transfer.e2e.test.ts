import { until, type SipPeer } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EmergencySites, from, USER } from "../harness/emergency-sites.ts";
import { ALLOW, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { stopAllSipp } from "../harness/sipp.ts";

const sites = await EmergencySites.open();
const { alice, desk, north, south, mobile, anybody, slow, quick } = sites.peers;

beforeAll(() => sites.start());
afterAll(async () => {
  await stopAllSipp();
  await sites.stop();
});
beforeEach(() => sites.forget());

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
    setUp({ caller: alice, callee: desk, to: sites.to }, { number: "100", headers: from(address) });

  it("the caller in the north: the trunk, ELIN and people of the north, though nobody dialled", async () => {
    const call = await ordinary("10.1.7.7");
    const before = sites.told.north.posts.length;
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
    const record = await sites.recordOf(call.sent);
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
    await until(() => sites.told.north.posts.length > before, { what: "the desk in the north is told" });
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
    await until(async () => (await sites.invites()).length > 0, { what: "the INVITE at the provider" });
    const offered = await alice.expect("INVITE");
    alice.reply(offered, 200, { headers: [SDP], body: session(1, 2) });
    await alice.expect("ACK");
    await released(desk, 200);
    desk.reply(await desk.expect("BYE"), 200);
    call.caller.request("BYE");
    await alice.expect("200 BYE");
    expect((await sites.recordOf(call.sent)).attempts.map(({ trunk }) => trunk)).toEqual([
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
    const before = (await sites.invites()).length;
    const call = await ordinary("10.1.7.7");
    call.caller.request("REFER", { headers: [["Refer-To", "<urn:service:sos>"]] });
    await alice.expect("202 REFER");
    const offered = await desk.expect("INVITE");
    desk.reply(offered, 200, { headers: [SDP], body: session(2, 2) });
    await desk.expect("ACK");
    await released(alice, 200);
    alice.reply(await alice.expect("BYE"), 200);
    await until(async () => (await sites.invites()).length > before, { what: "the INVITE in the provider's log" });
    const got = (await sites.invites())[before];
    expect(got?.headers("Priority")).toEqual(["emergency"]);
    expect(got?.headers("Geolocation")[0]).toContain("cid:");
    expect(got?.text).toContain("<ca:A3>Albany</ca:A3>");
    expect(got?.text).toContain("<gp:method>Default</gp:method>");
    call.callee.request("BYE");
    await desk.expect("200 BYE");
    expect(await sites.recordOf(call.sent)).toMatchObject({
      emergency: { site: "gateways", transfer: { callerLeg: "b" } },
    });
  });
});
