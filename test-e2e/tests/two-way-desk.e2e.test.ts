import {
  type PeerDialog,
  SipPeer,
  startRtpengine,
  TonePhone,
  until,
  whyNoRtpengine,
  type RtpengineFixture,
} from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { startMixer, type TestMixer } from "../harness/mixer.ts";
import { ALLOW, forgetAll, SDP } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const missing = whyNoRtpengine();
/** The tone of each, in hertz. */
const [CALLER, PSAP, DESK] = [400, 700, 1_100] as const;

// rtpengine is a Debian package that not every machine gives.
describe.skipIf(missing !== null)(
  `B9: a security desk that speaks, too${missing === null ? "" : ` (${missing})`}`,
  () => {
    let relay: RtpengineFixture;
    let mixer: TestMixer;
    let cluster: TestCluster;
    let caller: SipPeer;
    let psap: SipPeer;
    let desk: SipPeer;
    let audio: Audio;
    let psapDialog: PeerDialog | null = null;

    beforeAll(async () => {
      [relay, mixer] = await Promise.all([startRtpengine(), startMixer()]);
      const open = (user: string) => SipPeer.open({ user, patienceMs: 30_000 });
      [caller, psap, desk] = await Promise.all([open("2001"), open("psap"), open("desk")]);
      const conference = {
        uri: `sip:desk@127.0.0.1:${desk.port}`,
        by: "local",
        mode: "twoway",
        trunk: "desk",
      } as const;
      const topology = await makeTopology({
        pools: { east: { workers: 2 } },
        core: { usages: ["any"] },
        trunks: { psap: { port: psap.port, kind: "e911" }, desk: { port: desk.port } },
        routes: [],
        emergency: {
          trunks: ["psap"],
          mediaRelays: [relay.control],
          mediaMixers: [mixer.control],
          policy: "hq",
          policies: [{ name: "hq", conference }],
        },
      });
      cluster = await startCluster(topology);
    });
    beforeEach(async () => {
      forgetAll([caller, psap, desk]);
      audio = await threePhones();
    });
    afterEach(() => audio[Symbol.asyncDispose]());
    afterAll(async () => {
      await Promise.all([caller, psap, desk].map((peer) => peer?.close()));
      await cluster?.stop();
      await Promise.all([relay?.kill(), mixer?.kill()]);
    });

    const edge = () => ({ address: "127.0.0.1", port: cluster.port("core") });
    const desks = async (outcome: string): Promise<number> => {
      const workers = cluster.processes.filter(({ role }) => role === "worker");
      const counts = workers.map(({ name }) => cluster.metric(name, "tandem_emergency_desks_total", { outcome }));
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };
    const allHearAll = () =>
      audio.caller.hears(PSAP) &&
      audio.caller.hears(DESK) &&
      audio.psap.hears(CALLER) &&
      audio.psap.hears(DESK) &&
      audio.desk.hears(CALLER) &&
      audio.desk.hears(PSAP);
    const theTwoAlone = () =>
      audio.caller.hears(PSAP) && audio.psap.hears(CALLER) && !audio.caller.hears(DESK) && !audio.psap.hears(DESK);

    it("hears both and is heard by both, also after the workers died; when it hangs up the two talk on", async () => {
      const callerDialog = await answered();
      const deskDialog = await joined();
      await until(allHearAll, { what: "all three heard by all" });
      expect([audio.caller.hears(CALLER), audio.psap.hears(PSAP), audio.desk.hears(DESK)]).toEqual([
        false,
        false,
        false,
      ]);
      await until(() => (audio.caller.press(5), audio.psap.digits.has(5)), { what: "the caller's digit at the PSAP" });
      await refreshed();
      for (const phone of [audio.caller, audio.psap, audio.desk]) phone.forget();
      await until(allHearAll, { what: "all three heard by all, after a re-INVITE" });
      for (const worker of ["worker-east-1", "worker-east-2"]) await killProcess(cluster, worker);
      await untilWorkers(cluster, 2);
      for (const phone of [audio.caller, audio.psap, audio.desk]) phone.forget();
      await until(allHearAll, { what: "all three heard by all, without the workers of the set-up" });
      deskDialog.request("BYE");
      await desk.expect("200 BYE");
      await until(theTwoAlone, { what: "the two hear each other, and nobody else" });
      await hangUp(callerDialog);
    });

    it.each([
      ["a mixer that stands still", () => Promise.resolve(mixer.hold())],
      ["its mixer (kill -9)", () => mixer.kill()],
    ])("goes with %s: the two hear each other again by themselves, and the call goes on", async (_what, fails) => {
      const lost = await desks("mixer-lost");
      const callerDialog = await answered();
      await joined();
      await until(allHearAll, { what: "all three heard by all" });
      await fails();
      for (const phone of [audio.caller, audio.psap]) phone.forget();
      await until(theTwoAlone, { what: "the two hear each other directly" });
      desk.reply(await desk.expect("BYE"), 200);
      await until(async () => (await desks("mixer-lost")) === lost + 1, { what: "the lost mixer counted" });
      // No message told either of them anything.
      await hangUp(callerDialog);
      mixer.wake();
    });

    it("only hears where no mixer answers", async () => {
      await mixer.kill();
      const callerDialog = await answered();
      const invite = await desk.expect("INVITE");
      expect(invite.message.body.match(/^a=sendonly/gm)).toHaveLength(2);
      desk.reply(invite, 486);
      await desk.expect("ACK");
      expect(await desks("no-mixer")).toBe(1);
      await until(theTwoAlone, { what: "the two hear each other" });
      await hangUp(callerDialog);
    });

    /** A 911 call of the caller that the PSAP has answered; both talk. */
    async function answered() {
      const sent = caller.request("INVITE", edge(), {
        uri: `sip:911@127.0.0.1:${edge().port}`,
        headers: [ALLOW, SDP],
        body: audio.caller.description(),
      });
      const arrived = await psap.expect("INVITE");
      audio.psap.speakTo(arrived.message.body);
      const accepted = psap.reply(arrived, 200, { headers: [ALLOW, SDP], body: audio.psap.description() });
      psapDialog = psap.dialogAsCallee(arrived, accepted);
      const answer = await caller.expect("200 INVITE");
      audio.caller.speakTo(answer.message.body);
      const callerDialog = caller.dialogAsCaller(sent, answer);
      callerDialog.ack();
      await psap.expect("ACK");
      return callerDialog;
    }

    async function joined() {
      const invite = await desk.expect("INVITE");
      expect(invite.message.body.match(/^m=/gm)).toHaveLength(1);
      audio.desk.speakTo(invite.message.body);
      const reply = desk.reply(invite, 200, { headers: [ALLOW, SDP], body: audio.desk.description() });
      await desk.expect("ACK");
      return desk.dialogAsCallee(invite, reply);
    }

    /** The PSAP describes its media again, as for the refresh of a session. */
    async function refreshed() {
      psapDialog?.request("INVITE", { headers: [ALLOW, SDP], body: audio.psap.description() });
      const again = await caller.expect("INVITE");
      caller.reply(again, 200, { headers: [ALLOW, SDP], body: audio.caller.description() });
      await psap.expect("200 INVITE");
      psapDialog?.ack();
      await caller.expect("ACK");
    }

    async function hangUp(callerDialog: Awaited<ReturnType<typeof answered>>) {
      callerDialog.request("BYE");
      psap.reply(await psap.expect("BYE"), 200);
      await caller.expect("200 BYE");
    }
  },
);

interface Audio extends AsyncDisposable {
  readonly caller: TonePhone;
  readonly psap: TonePhone;
  readonly desk: TonePhone;
}

async function threePhones(): Promise<Audio> {
  const [caller, psap, desk] = await Promise.all([CALLER, PSAP, DESK].map((hertz) => TonePhone.open(hertz)));
  if (caller === undefined || psap === undefined || desk === undefined) throw new TypeError("three phones were opened");
  return {
    caller,
    psap,
    desk,
    async [Symbol.asyncDispose]() {
      await Promise.all([caller, psap, desk].map((phone) => phone[Symbol.asyncDispose]()));
    },
  };
}
