import { describe, test } from "vitest";
import type { SecurityDesk } from "./emergency-plan.ts";
import type { Topology } from "./topology.ts";
import { expectError, last, plan, policy, right, site, withTrunk } from "../../test/topology-changes.ts";

const noEscalation = { escalateTo: null, escalateAfterMs: 60_000 };

function desk(more: Partial<SecurityDesk>): SecurityDesk {
  return { uri: "sip:d@e", mode: "oneway", by: "local", trunk: "e911-east", ...more };
}

/** One pool and its core. */
function onlyEast(): Partial<Topology> {
  return {
    pools: right.pools.slice(0, 1),
    trunks: right.trunks
      .filter(({ name }) => name === "core-east")
      .map((one) => ({ ...one, settings: { ...one.settings, usages: [] } })),
  };
}

describe("errors of what emergency calls need", () => {
  test.each<readonly [string, Partial<Topology>, string, RegExp]>([
    [
      "an emergency trunk that is none",
      { emergency: { ...right.emergency, trunks: ["x"] } },
      "emergency.trunks[0]",
      /names trunk "x"/,
    ],
    [
      "a fallback trunk that is none",
      { emergency: { ...right.emergency, fallbackTrunks: ["x"] } },
      "emergency.fallbackTrunks[0]",
      /names trunk "x"/,
    ],
    [
      "an emergency number twice",
      { emergency: { ...right.emergency, numbers: [{ dial: "911", masks: ["911"], test: false }] } },
      "emergency.numbers[0].masks[0]",
      /listed already/,
    ],
    [
      "an emergency number with +",
      { emergency: { ...right.emergency, numbers: [{ dial: "+911", masks: [], test: false }] } },
      "emergency.numbers[0].dial",
      /no dial string/,
    ],
    [
      "no way out for emergency calls",
      { ...onlyEast(), routes: [], ...plan({ trunks: [], fallbackTrunks: [] }) },
      "pools[0]",
      /no way out for emergency calls/,
    ],
    [
      "screened calls for a screening number that is none",
      plan({ screeningNumber: null, screenedCalls: "screening-number" }),
      "emergency.screenedCalls",
      /screening number that is missing/,
    ],
    ["a screening trunk that is none", plan({ screeningTrunks: ["x"] }), "emergency.screeningTrunks[0]", /trunk "x"/],
    [
      "a policy's trunk that is none",
      plan({ policies: [policy({ trunks: ["x"] })] }),
      "emergency.policies[0].trunks[0]",
      /trunk "x"/,
    ],
    [
      "a policy's test trunk that is none",
      plan({ policies: [policy({ testCalls: { trunks: ["x"], notify: true } })] }),
      "emergency.policies[0].testCalls.trunks[0]",
      /trunk "x"/,
    ],
    [
      "a policy's number twice",
      plan({ policies: [policy({ numbers: [{ dial: "112", masks: ["112"], test: false }] })] }),
      "emergency.policies[0].numbers[0].masks[0]",
      /listed already/,
    ],
    ["a policy twice", plan({ policies: [policy({}), policy({})] }), "emergency.policies[1].name", /repeats/],
    ["no such policy for everybody", plan({ policy: "x" }), "emergency.policy", /policy "x"/],
    [
      "no such policy of a pool",
      { pools: right.pools.map((one) => (one.name === "east" ? { ...one, locationPolicy: "x" } : one)) },
      "pools[0].locationPolicy",
      /policy "x"/,
    ],
    [
      "no such policy of a user",
      plan({ users: [{ numbers: ["1"], policy: "x" }] }),
      "emergency.users[0].policy",
      /policy "x"/,
    ],
    [
      "a user pattern that is none",
      plan({ policies: [policy({})], users: [{ numbers: ["("], policy: "p" }] }),
      "emergency.users[0].numbers[0]",
      /is a pattern that/,
    ],
    ["no such policy of a site", plan({ sites: [site({ policy: "x" })] }), "emergency.sites[0].policy", /policy "x"/],
    ["no such ERL of a site", plan({ sites: [site({ erl: "x" })] }), "emergency.sites[0].erl", /location "x"/],
    [
      "a subnet that is none",
      plan({ sites: [site({ subnets: ["10.0.0.1/8"] })] }),
      "emergency.sites[0].subnets[0]",
      /CIDR/,
    ],
    [
      "a subnet at two sites",
      plan({ sites: [site({}), site({ name: "t" })] }),
      "emergency.sites[1].subnets[0]",
      /listed already/,
    ],
    [
      "no such notification target",
      plan({ policies: [policy({ notify: ["x"] })] }),
      "emergency.policies[0].notify[0]",
      /target "x"/,
    ],
    [
      "a notification by no trunk",
      plan({ notificationTargets: [{ name: "security", kind: "sip", uri: "sip:d@e", trunk: "x", ...noEscalation }] }),
      "emergency.notificationTargets[0].trunk",
      /trunk "x"/,
    ],
    [
      "an escalation to nobody",
      plan({
        notificationTargets: [{ name: "security", kind: "email", address: "a@b.c", ...noEscalation, escalateTo: "x" }],
      }),
      "emergency.notificationTargets[0].escalateTo",
      /target "x"/,
    ],
    [
      "a local conference without a media relay",
      plan({ policies: [policy({ conference: desk({}) })] }),
      "emergency.policies[0].conference.by",
      /rtpengine/,
    ],
    [
      "a local conference in which the desk speaks, without a mixer",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ mode: "twoway" }) })] }),
      "emergency.policies[0].conference.mode",
      /mixer/,
    ],
    [
      "a local conference by no trunk",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ trunk: null }) })] }),
      "emergency.policies[0].conference.trunk",
      /missing/,
    ],
    [
      "a local conference by an unknown trunk",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ trunk: "x" }) })] }),
      "emergency.policies[0].conference.trunk",
      /trunk "x"/,
    ],
    ["a media mixer without a port", plan({ mediaMixers: ["m:1", "m"] }), "emergency.mediaMixers[1]", /no port/],
    ["a media relay at port 0", plan({ mediaRelays: ["r:1", "r:0"] }), "emergency.mediaRelays[1]", /1 to 65535/],
    ["a media relay beyond port 65535", plan({ mediaRelays: ["r:65536"] }), "emergency.mediaRelays[0]", /1 to 65535/],
    ["a media relay without a port", plan({ mediaRelays: ["r"] }), "emergency.mediaRelays[0]", /no port/],
    [
      "a reserve of the whole trunk",
      withTrunk({}, { maxCalls: 2, emergencyReserve: 2 }),
      `${last}.settings.emergencyReserve`,
      /none is left/,
    ],
    ["no such clear trunk", withTrunk({}, { clearTrunk: "x" }), `${last}.settings.clearTrunk`, /trunk "x"/],
    [
      "a clear trunk to elsewhere",
      withTrunk({}, { clearTrunk: "a-east" }),
      `${last}.settings.clearTrunk`,
      /another gateway/,
    ],
    [
      "no emergency number but tests",
      { emergency: { ...right.emergency, numbers: [{ dial: "933", masks: [], test: true }] } },
      "emergency.numbers",
      /no number for real calls/,
    ],
  ])("%s", (_, change, path, problem) => expectError(change, path, problem));
});
