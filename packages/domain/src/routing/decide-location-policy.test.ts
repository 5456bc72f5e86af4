import { describe, expect, test } from "vitest";
import { factsFor, sampleTopology, snapshotOf } from "../../test/topology-fixture.ts";
import { defaultLocationPolicy } from "../topology/emergency-defaults.ts";
import type { LocationPolicy } from "../topology/emergency-plan.ts";
import type { Topology } from "../topology/topology.ts";
import { decide } from "./decide.ts";
import type { RequestFacts } from "./decision.ts";
import { quietView } from "./live-view.ts";
import { trunksOf } from "../../test/emergency-decision.ts";

describe("location policies (A15)", () => {
  const paris: LocationPolicy = {
    ...defaultLocationPolicy,
    name: "paris",
    numbers: [
      { dial: "112", masks: ["18"], test: false },
      { dial: "933", masks: [], test: false },
    ],
    trunks: ["e911-west"],
    fallbackTrunks: ["b-west"],
    testCalls: { trunks: ["a-east"], notify: false },
  };
  const named = (name: string): LocationPolicy => ({ ...defaultLocationPolicy, name });
  const base = sampleTopology();
  const topology: Topology = {
    ...base,
    pools: base.pools.map((one) => (one.name === "west" ? { ...one, locationPolicy: "by-pool" } : one)),
    emergency: {
      ...base.emergency,
      policy: "by-plan",
      policies: [paris, named("by-user"), named("by-pool"), named("by-plan")],
      users: [{ numbers: ["+12125550100", String.raw`\+1646555\d{4}`], policy: "by-user" }],
      sites: [
        { name: "campus", subnets: ["10.0.0.0/8", "2001:db8::/32"], policy: null, erl: null, location: null },
        { name: "floor", subnets: ["10.1.2.0/24"], policy: "paris", erl: null, location: null },
      ],
    },
  };
  const shot = snapshotOf(topology);
  const someone = "+13105550100";

  test.each<readonly [string, Partial<RequestFacts>, string | null, string]>([
    ["the site with the longest subnet", { callerAddress: "10.1.2.3" }, "floor", "paris"],
    [
      "the site beats the user's own policy",
      { callerAddress: "10.1.2.3", callingNumber: "+12125550100" },
      "floor",
      "paris",
    ],
    ["a site without a policy leaves it to the user", { callerAddress: "10.9.9.9" }, "campus", "by-user"],
    ["an IPv6 site", { callerAddress: "2001:db8::7" }, "campus", "by-user"],
    ["the user's number, without +", { callingNumber: "12125550100" }, null, "by-user"],
    ["the user's number by pattern", { callingNumber: "+16465550177" }, null, "by-user"],
    [
      "an unknown subnet and an unknown user leave it to the pool",
      { callerAddress: "192.0.2.9", callingNumber: someone, pool: "west", ingressTrunk: "core-west" },
      null,
      "by-pool",
    ],
    ["nothing known: the plan's", { callingNumber: someone }, null, "by-plan"],
    ["no address at all", { callingNumber: someone, callerAddress: "unknown" }, null, "by-plan"],
  ])("%s", (_, more, site, policy) => {
    expect(decide(factsFor("911", more), shot, quietView)).toMatchObject({ kind: "emergency", site, policy });
  });

  test("a policy's trunks come before the plan's, which stay", () => {
    const decision = decide(factsFor("911", { callerAddress: "10.1.2.3" }), shot, quietView);
    expect(trunksOf(decision)).toEqual(["e911-west", "e911-east", "b-west", "b-east", "a-east"]);
  });

  test.each([
    ["its own number", "18", "112"],
    ["its own number as a dial string", "112", "112"],
    ["the plan's number", "911", "911"],
  ])("a policy's callers may dial %s", (_, dialledNumber, number) => {
    const facts = factsFor(dialledNumber, { callerAddress: "10.1.2.3" });
    expect(decide(facts, shot, quietView)).toMatchObject({ kind: "emergency", number, test: false });
  });

  test("a policy's number is none for others", () => {
    expect(decide(factsFor("18"), shot, quietView)).toMatchObject({ kind: "reject" });
  });

  test("on a collision the policy's number wins", () => {
    const there = factsFor("933", { callerAddress: "10.1.2.3" });
    expect(decide(there, shot, quietView)).toMatchObject({ kind: "emergency", test: false });
    expect(decide(factsFor("933"), shot, quietView)).toMatchObject({ kind: "emergency", test: true });
  });

  test("test calls go to the policy's test trunks and nowhere else", () => {
    const testing = { ...paris, numbers: [] };
    const policies = [testing, ...topology.emergency.policies.slice(1)];
    const tested = snapshotOf({ ...topology, emergency: { ...topology.emergency, policies } });
    expect(trunksOf(decide(factsFor("933", { callerAddress: "10.1.2.3" }), tested, quietView))).toEqual(["a-east"]);
  });

  test("a dial plan that makes a policy's number counts by the caller's policy", () => {
    expect(decide(factsFor("918", { callerAddress: "10.1.2.3" }), shot, quietView)).toMatchObject({ number: "112" });
    expect(decide(factsFor("918"), shot, quietView)).toMatchObject({ kind: "reject" });
  });
});
