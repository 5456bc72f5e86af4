import { bodyLeaves, formatMultipart, type HeaderLine } from "@tandem/sip";
import { RtpPhone, SipPeer, startRtpengine, until, whyNoRtpengine, type RtpengineFixture } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { ALLOW, forgetAll, SDP, session } from "../harness/scripted-call.ts";
import { stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const missing = whyNoRtpengine();
const PROVIDER_DESK = "sip:+12125550188@desk.example.com";

interface EmergencyBody {
  readonly desk: readonly { readonly outcome: string }[];
}

// rtpengine is a Debian package that not every machine gives.
describe.skipIf(missing !== null)(`B9: the security desk${missing === null ? "" : ` (${missing})`}`, () => {
  let relay: RtpengineFixture;
  let cluster: TestCluster;
  let sippPsap: number;
  let sippDesk: number;
  let caller: SipPeer;
  let other: SipPeer;
  let psap: SipPeer;
  let desk: SipPeer;

  beforeAll(async () => {
    relay = await startRtpengine();
    [sippPsap, sippDesk] = (await sipPorts(2)) as [number, number];
    const open = (user: string) => SipPeer.open({ user, patienceMs: 30_000 });
    [caller, other, psap, desk] = await Promise.all([open("2001"), open("2002"), open("psap"), open("desk")]);
    const local = (trunk: string, port: number) => ({ uri: `sip:desk@127.0.0.1:${port}`, by: "local", trunk }) as const;
    const topology = await makeTopology({
      pools: { east: { workers: 2 } },
      core: { usages: ["any"] },
      trunks: {
        sippPsap: { port: sippPsap, kind: "e911" },
        sippDesk: { port: sippDesk },
        psap: { port: psap.port, kind: "e911" },
        desk: { port: desk.port },
      },
      routes: [],
      emergency: {
        trunks: ["sippPsap"],
        mediaRelays: [relay.control],
        policy: "sipp",
        policies: [
          { name: "sipp", conference: local("sippDesk", sippDesk) },
          { name: "scripted", trunks: ["psap"], conference: local("desk", desk.port) },
          { name: "handed-over", trunks: ["psap"], conference: { uri: PROVIDER_DESK, mode: "twoway" } },
        ],
        users: [
          { numbers: ["2001"], policy: "scripted" },
          { numbers: ["2002"], policy: "handed-over" },
        ],
      },
    });
    cluster = await startCluster(topology);
  });
  beforeEach(() => forgetAll([caller, other, psap, desk]));
  afterEach(stopAllSipp);
  afterAll(async () => {
    await Promise.all([caller, other, psap, desk].map((peer) => peer?.close()));
    await cluster?.stop();
    await relay?.kill();
  });

  const edge = () => ({ address: "127.0.0.1", port: cluster.port("core") });
  /** The desk's legs: each has the id of an emergency call, and `desk`. */
  const legRecords = () => {
    const records = cluster.callRecords();
    const emergencies = new Set(records.filter(({ emergency }) => emergency !== null).map(({ callId }) => callId));
    return records.filter(({ callId }) => emergencies.has(callId.replace(/desk$/, "")) && callId.endsWith("desk"));
  };
  const desks = async (outcome: string): Promise<number> => {
    const workers = cluster.processes.filter(({ role }) => role === "worker");
    const counts = workers.map(({ name }) => cluster.metric(name, "tandem_emergency_desks_total", { outcome }));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };

  /** What the emergency records say of their desks. */
  const outcomes = async (): Promise<readonly string[]> => {
    const records = (await cluster.api.get("/v1/emergency/calls")).body as readonly EmergencyBody[];
    return records.map((record) => record.desk.map(({ outcome }) => outcome).join());
  };

  it("is called when the PSAP has answered, and hears: SIPp on all sides", async () => {
    const { caller: uac, callees } = await placeCall({ ...emergency(), holdMs: 1_500 }, [
      psapThatAnswers(),
      { scenario: "uas-basic-expect-200", port: sippDesk },
    ]);
    expect(uac).toMatchObject({ exitCode: 0, completed: 1, failed: 0 });
    const messages = (await callees[1]?.messages()) ?? [];
    const [invite] = messages.filter(({ what, direction }) => direction === "received" && what === "INVITE");
    expect(invite?.text.match(/^a=sendonly/gm)).toHaveLength(2);
    expect(messages.map(({ what }) => what)).toContain("BYE");
    await until(() => legRecords().some(({ sipCode }) => sipCode === 200), { what: "a record of the desk's leg" });
    expect(await desks("joined")).toBeGreaterThan(0);
  });

  it("that is busy costs the emergency call nothing", async () => {
    const { caller: uac } = await placeCall({ ...emergency(), holdMs: 1_000 }, [
      psapThatAnswers(),
      { scenario: "uas-refuses-expect-486", port: sippDesk },
    ]);
    expect(uac).toMatchObject({ exitCode: 0, completed: 1, failed: 0 });
    await until(() => legRecords().some(({ sipCode }) => sipCode === 486), { what: "a record of the refused leg" });
    expect(await desks("refused")).toBeGreaterThan(0);
  });

  it("hears what both say, also after the worker died; its leg ends with the call", async () => {
    await using audio = await threePhones();
    const { callerDialog, answer, arrived } = await answered(audio);
    const joined = await desk.expect("INVITE");
    expect(joined.message.uri).toBe(`sip:desk@127.0.0.1:${desk.port}`);
    desk.reply(joined, 200, { headers: [ALLOW, SDP], body: twoStreams(joined.message.body, audio.desk) });
    await desk.expect("ACK");
    const talk = (): void => {
      audio.caller.say(1, answer.message.body);
      audio.psap.say(2, arrived.message.body);
    };
    const heard = () => audio.desk.heard.has(1) && audio.desk.heard.has(2);
    await until(() => (talk(), heard()), { what: "both heard at the desk" });
    for (const worker of ["worker-east-1", "worker-east-2"]) await killProcess(cluster, worker);
    await untilWorkers(cluster, 2);
    audio.desk.heard.clear();
    await until(() => (talk(), heard()), { what: "both heard without the workers of the set-up" });
    expect([audio.caller.heard.has(2), audio.psap.heard.has(1)]).toEqual([true, true]);
    callerDialog.request("BYE");
    psap.reply(await psap.expect("BYE"), 200);
    desk.reply(await desk.expect("BYE"), 200);
    await caller.expect("200 BYE");
  });

  it("is the provider's business where the policy says so: beside the caller's own location", async () => {
    const [described, located] = [part("application/sdp", session(1)), part("application/pidf+xml", PIDF)];
    const sent = other.request("INVITE", edge(), {
      uri: `sip:911@127.0.0.1:${edge().port}`,
      headers: [ALLOW, ["Content-Type", "multipart/mixed;boundary=b1"]],
      body: formatMultipart([described, located], "b1"),
    });
    const arrived = await psap.expect("INVITE");
    const [sdp, own, ours, ...further] = bodyLeaves(arrived.message);
    expect([sdp?.mediaType, own?.body, further]).toEqual(["application/sdp", PIDF, []]);
    expect(sdp?.body).toContain("c=IN IP4 192.0.2.1");
    expect(ours?.body).toContain(
      `<ConferenceUri>${PROVIDER_DESK}</ConferenceUri><ConferenceMode>twoway</ConferenceMode>`,
    );
    expect(ours?.body).toContain("<ca:A3>Albany</ca:A3>");
    psap.reply(arrived, 200, { headers: [SDP], body: session(2) });
    const answer = await other.expect("200 INVITE");
    const dialog = other.dialogAsCaller(sent, answer);
    dialog.ack();
    await psap.expect("ACK");
    dialog.request("BYE");
    psap.reply(await psap.expect("BYE"), 200);
  });

  it("goes, and with it the relay, when rtpengine dies: the two are told of each other and talk on", async () => {
    await using audio = await threePhones();
    const { callerDialog } = await answered(audio);
    desk.reply(await desk.expect("INVITE"), 486);
    await desk.expect("ACK");
    await relay.kill();
    const again = await psap.expect("INVITE");
    expect(again.message.body).toContain(`m=audio ${audio.caller.port} `);
    psap.reply(again, 200, { headers: [SDP], body: audio.psap.description() });
    await psap.expect("ACK");
    const toCaller = await caller.expect("INVITE");
    expect(toCaller.message.body).toContain(`m=audio ${audio.psap.port} `);
    caller.reply(toCaller, 200, { headers: [SDP], body: audio.caller.description() });
    await caller.expect("ACK");
    callerDialog.request("BYE");
    psap.reply(await psap.expect("BYE"), 200);
    await caller.expect("200 BYE");
    await until(async () => (await outcomes()).includes("called,refused,relay-lost"), {
      what: "the emergency record that says what became of the desk",
    });
  });

  it("is missing where rtpengine is dead: the emergency call completes as any other", async () => {
    const before = await desks("no-relay");
    const { caller: uac, callees } = await placeCall(emergency(), [psapThatAnswers()]);
    expect(uac).toMatchObject({ exitCode: 0, completed: 1, failed: 0 });
    const messages = (await callees[0]?.messages()) ?? [];
    expect(messages.filter(({ what }) => what === "INVITE")).toHaveLength(1);
    await until(async () => (await desks("no-relay")) === before + 1, { what: "the missing desk counted" });
  });

  const emergency = () => ({
    scenario: "uac-emergency-expect-200",
    target: cluster.port("core"),
    service: "911",
    keys: { caller: "12125550100" },
  });
  const psapThatAnswers = () => ({ scenario: "uas-basic-expect-200", port: sippPsap });

  /** A 911 call of the scripted caller that the PSAP has answered. */
  async function answered(audio: Audio) {
    const sent = caller.request("INVITE", edge(), {
      uri: `sip:911@127.0.0.1:${edge().port}`,
      headers: [ALLOW, SDP],
      body: audio.caller.description(),
    });
    const arrived = await psap.expect("INVITE");
    psap.reply(arrived, 200, { headers: [ALLOW, SDP], body: audio.psap.description() });
    const answer = await caller.expect("200 INVITE");
    const callerDialog = caller.dialogAsCaller(sent, answer);
    callerDialog.ack();
    await psap.expect("ACK");
    return { callerDialog, answer, arrived };
  }
});

interface Audio extends AsyncDisposable {
  readonly caller: RtpPhone;
  readonly psap: RtpPhone;
  readonly desk: RtpPhone;
}

async function threePhones(): Promise<Audio> {
  const [caller, psap, desk] = await Promise.all([RtpPhone.open(), RtpPhone.open(), RtpPhone.open()]);
  return {
    caller,
    psap,
    desk,
    async [Symbol.asyncDispose]() {
      await Promise.all([caller, psap, desk].map((phone) => phone[Symbol.asyncDispose]()));
    },
  };
}

/** Both streams of an offer taken at one port. */
function twoStreams(offer: string, phone: RtpPhone): string {
  const [head = "", stream = ""] = phone.description("recvonly").split(/(?=m=)/);
  return head + stream.repeat(offer.match(/^m=/gm)?.length ?? 0);
}

const PIDF = [
  '<?xml version="1.0"?>',
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="sip:b@example.com">',
  '<tuple id="t"><status><gp:geopriv><gp:location-info><ca:civicAddress><ca:country>US</ca:country><ca:A3>Albany</ca:A3></ca:civicAddress></gp:location-info>',
  "\t<gp:usage-rules/><gp:method>LIS</gp:method></gp:geopriv></status></tuple></presence>",
  "",
].join("\r\n");

function part(type: string, body: string): { readonly headers: readonly HeaderLine[]; readonly body: string } {
  return { headers: [["Content-Type", type]], body };
}
