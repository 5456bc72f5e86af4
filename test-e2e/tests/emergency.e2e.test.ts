import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import type { LoggedMessage } from "../harness/sipp-log.ts";
import { makeTopology } from "../harness/topology.ts";

const [sos, sosTcp, backup, eleven, notRouted] = await sipPorts(5);
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { listeners: { core: { serves: "callers" }, out: {}, "out-tcp": { transport: "tcp" } } } },
    core: { usages: ["any"], dialPlan: "trap" },
    trunks: {
      sos: { port: sos, kind: "e911", maxCalls: 1 },
      "sos-tcp": { port: sosTcp, kind: "e911", listener: "out-tcp" },
      backup: { port: backup },
      eleven: { port: eleven },
      "no-emergency": { port: notRouted },
    },
    // The rule that swallowed 911 elsewhere: 911 becomes 11.
    dialPlans: [
      { name: "trap", externalAccessPrefix: "9", rules: [{ name: "outside", match: "^9(.*)$", replace: "$1" }] },
    ],
    routes: [{ name: "eleven", match: "^11$", usages: ["any"], trunks: ["eleven"] }],
    emergency: {
      trunks: ["sos", "sos-tcp"],
      fallbackTrunks: ["backup"],
      numbers: [{ dial: "911", masks: ["112"] }],
    },
  });
  cluster = await startCluster(topology);
  target = cluster.port("core");
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

const inviteOf = (messages: readonly LoggedMessage[]) => messages.find(({ what }) => what === "INVITE");

/** The PIDF-LO part of a multipart body, byte for byte. */
function locationOf(body: string | undefined): string {
  return /<\?xml[\s\S]*<\/presence>/.exec(body ?? "")?.[0] ?? "";
}

describe("A1: 911 is recognised before any dial plan", () => {
  it.each(["911", "+911", "9911", "112", "911;phone-context=office.example", "+911;phone-context=+1"])(
    "%s goes to the emergency trunk and nowhere else",
    async (number) => {
      const elsewhere = await startUas({ scenario: "uas-basic-expect-200", port: eleven });
      const { caller, callees } = await placeCall(
        { scenario: "uac-basic-expect-200", target, service: number, holdMs: 20 },
        [{ scenario: "uas-basic-expect-200", port: sos }],
      );
      expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
      expect((await callees[0]!.messages()).filter(({ what }) => what === "INVITE")).toHaveLength(1);
      expect(await elsewhere.messages()).toEqual([]);
    },
  );

  it("91112025550123 and 0911 are no emergency calls", async () => {
    const emergency = await startUas({ scenario: "uas-basic-expect-200", port: sos });
    for (const service of ["91112025550123", "0911"]) {
      const uac = await startUac({ scenario: "uac-refused-expect-404", target, service });
      expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
    }
    expect(await emergency.messages()).toEqual([]);
  });
});

describe("A2: the location passes byte for byte", () => {
  it.each(["uac-emergency-expect-200", "uac-emergency-sdp-second-expect-200"])("%s", async (scenario) => {
    const { caller, callees } = await placeCall({ scenario, target, service: "911", holdMs: 20 }, [
      // The INVITE is larger than 1300 bytes: it comes over TCP (RFC 3261 §18.1.1).
      { scenario: "uas-basic-expect-200", port: sos, transport: "t1" },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const sent = inviteOf(caller.messages);
    const got = inviteOf(await callees[0]!.messages());
    expect(locationOf(got?.body)).toBe(locationOf(sent?.body));
    expect(locationOf(got?.body)).toContain("<ca:ROOM>317</ca:ROOM>");
    for (const name of ["Geolocation", "Geolocation-Routing", "Priority"]) {
      expect(got?.headers(name)).toEqual(sent?.headers(name));
    }
    expect(got?.body.match(/^m=audio/gm)).toHaveLength(1);
  });
});

describe("an emergency call goes on until somebody takes it", () => {
  it("first provider 503: the second; second gone: the fallback", async () => {
    await startUas({ scenario: "uas-refuses-expect-503", port: sos });
    const { caller } = await placeCall({ scenario: "uac-basic-expect-200", target, service: "911", holdMs: 20 }, [
      { scenario: "uas-basic-expect-200", port: backup },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("a full emergency trunk takes it all the same", async () => {
    const uas = await startUas({ scenario: "uas-basic-expect-200", port: sos, calls: 3 });
    const uac = await startUac({
      scenario: "uac-basic-expect-200",
      target,
      service: "911",
      calls: 3,
      rate: 50,
      holdMs: 500,
    });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 3 });
    expect(await uas.result).toMatchObject({ exitCode: 0, completed: 3 });
  });
});
