import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { until } from "@tandem/testkit";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const [p1, p2, p3, branch, island, there, back] = await sipPorts(7);
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: {
      east: {
        listeners: {
          core: { serves: "callers" },
          out: {},
          branch: {},
          island: {},
          there: { port: there },
          back: { port: back },
        },
      },
    },
    core: { usages: ["first", "second"], dialPlan: "office" },
    trunks: {
      t1: {
        port: p1,
        calledRules: [
          { match: String.raw`^\+1(212\d{7})$`, replace: "9$1" },
          { match: String.raw`^\+(.*)$`, replace: "00$1" },
        ],
        callingRules: [{ match: String.raw`^(\d{4})$`, replace: "+1212555$1" }],
      },
      t2: { port: p2, removePlus: true },
      t3: { port: p3 },
      branch: { port: branch, listener: "branch", usages: ["transit"] },
      island: { port: island, listener: "island", usages: ["elsewhere"] },
      // Two trunks that lead into each other's listener: whatever leaves on one comes in on the other.
      there: { port: back, listener: "there", usages: ["looping"] },
      back: { port: there, listener: "back", usages: ["looping"] },
    },
    dialPlans: [
      {
        name: "office",
        externalAccessPrefix: "9",
        rules: [
          { name: "national", match: String.raw`^9?1?([2-9]\d{9})$`, replace: "+1$1" },
          { name: "never", match: String.raw`^9?1?(212\d{7})$`, replace: "+999" },
        ],
      },
    ],
    routes: [
      { name: "low", match: String.raw`^\+1212\d{7}$`, priority: 200, usages: ["first"], trunks: ["t3"] },
      { name: "high", match: String.raw`^\+1212\d{7}$`, priority: 100, usages: ["first"], trunks: ["t1"] },
      { name: "backup", match: String.raw`^\+1\d{10}$`, priority: 1, usages: ["second"], trunks: ["t2"] },
      { name: "spread", match: "^7777$", usages: ["first"], trunks: ["t1", "t2", "t3"], strategy: "weight" },
      { name: "transit", match: String.raw`^\+44\d+$`, usages: ["transit"], trunks: ["t2"] },
      { name: "loop", match: "^6666$", usages: ["first", "looping"], trunks: ["there"] },
      {
        name: "hidden",
        match: "^8888$",
        usages: ["first"],
        trunks: ["t2"],
        suppressCallerId: true,
        alternateCallerId: "+12125550000",
      },
    ],
  });
  cluster = await startCluster(topology);
  target = cluster.port("core");
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

const INVITE = ({ what }: { readonly what: string }) => what === "INVITE";

async function dryRun(number: string) {
  const answer = await cluster.api.post("/v1/routing/dry-run", {
    ingressTrunk: "east-core",
    requestUri: `sip:${number}@127.0.0.1`,
    callingNumber: "1234",
  });
  return answer.body as { readonly attempts?: readonly { readonly trunk: string; readonly calledNumber: string }[] };
}

describe("B6: dial plan, usages, routes, translations", () => {
  it("the dial plan's first match makes +1…, the route of lower priority number wins, the trunk's first called rule applies", async () => {
    const { caller, callees } = await placeCall(
      { scenario: "uac-basic-expect-200", target, service: "92125550123", keys: { caller: "1234" }, holdMs: 20 },
      [{ scenario: "uas-basic-expect-200", port: p1 }],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const invite = (await callees[0]?.messages())?.find(INVITE);
    expect(invite?.text).toMatch(/^INVITE sip:92125550123@/);
    expect(invite?.headers("From")[0]).toContain("sip:+12125551234@");
  });

  it("usages in order: the routes of the first, then those of the second as backup", async () => {
    const { caller, callees } = await placeCall(
      { scenario: "uac-basic-expect-200", target, service: "2125550123", holdMs: 20 },
      [
        { scenario: "uas-refuses-expect-503", port: p1 },
        { scenario: "uas-refuses-expect-503", port: p3 },
        { scenario: "uas-basic-expect-200", port: p2 },
      ],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const times = await Promise.all(callees.map(async (callee) => (await callee.saw(INVITE)).atMs));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect((await callees[2]!.messages()).find(INVITE)?.text).toMatch(/^INVITE sip:12125550123@/);
  });

  it("a route may hide the caller and show another number", async () => {
    const { callees } = await placeCall(
      { scenario: "uac-basic-expect-200", target, service: "8888", keys: { caller: "4321" }, holdMs: 20 },
      [{ scenario: "uas-basic-expect-200", port: p2 }],
    );
    const invite = await callees[0]!.saw(INVITE);
    expect(invite.text).not.toContain("4321");
    expect(invite.headers("From")[0]).toContain("12125550000");
  });

  it("a number without a route: 404", async () => {
    const uac = await startUac({ scenario: "uac-refused-expect-404", target, service: "12" });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("weights of three equal trunks: 300 calls are spread evenly (χ² with 2 degrees of freedom, one in a million)", async () => {
    const calls = 300;
    const recorded = () => cluster.callRecords().filter(({ calledNumber }) => calledNumber.endsWith("7777"));
    const before = recorded().length;
    const recordsHere = () => recorded().slice(before);
    const callees = [];
    for (const port of [p1, p2, p3]) {
      callees.push(await startUas({ scenario: "uas-refuses-expect-603", port, calls, logMessages: false }));
    }
    const uac = await startUac({
      scenario: "uac-refused-expect-603",
      target,
      service: "7777",
      calls,
      rate: 60,
      logMessages: false,
    });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: calls });
    await until(() => recordsHere().length >= calls, { what: "a detail record of every call" });
    const records = recordsHere();
    const counts = ["t1", "t2", "t3"].map((trunk) => records.filter(({ egressTrunk }) => egressTrunk === trunk).length);
    const chiSquare = counts.reduce((sum, count) => sum + (count - calls / 3) ** 2 / (calls / 3), 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(calls);
    expect(chiSquare).toBeLessThan(27.6);
  });

  it("the dry run gives the answer the call got", async () => {
    const { attempts } = await dryRun("92125550123");
    expect(attempts?.map(({ trunk, calledNumber }) => [trunk, calledNumber])).toEqual([
      ["t1", "92125550123"],
      ["t3", "+12125550123"],
      ["t2", "12125550123"],
    ]);
  });
});

describe("B7: inter-trunk routing", () => {
  it("a trunk whose usages include the route's passes calls to another trunk, with its translations", async () => {
    const { caller, callees } = await placeCall(
      {
        scenario: "uac-basic-expect-200",
        target: cluster.port("branch"),
        port: branch,
        service: "+442079460123",
        holdMs: 20,
      },
      [{ scenario: "uas-basic-expect-200", port: p2 }],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await callees[0]!.messages()).find(INVITE)?.text).toMatch(/^INVITE sip:442079460123@/);
  });

  it("a trunk without a shared usage gets 403 or 404", async () => {
    const uac = await startUac({
      scenario: "uac-refused-expect-403-or-404",
      target: cluster.port("island"),
      port: island,
      service: "+442079460123",
    });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("two trunks that lead into each other end the call with 482 or 483 instead of turning for ever", async () => {
    const uac = await startUac({ scenario: "uac-refused-expect-482-or-483", target, service: "6666" });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
  });
});
