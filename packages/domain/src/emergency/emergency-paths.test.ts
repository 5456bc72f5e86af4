import { describe, expect, test } from "vitest";
import { sampleTopology, snapshotOf } from "../../test/topology-fixture.ts";
import { callbackPlans } from "../routing/callback-plans.ts";
import { legProfile } from "../routing/attempt-plan.ts";
import { defaultLocationPolicy } from "../topology/emergency-defaults.ts";
import type { TrunkSettings } from "../topology/topology.ts";
import { emergencyPaths } from "./emergency-paths.ts";

function withSettings(name: string, settings: Partial<TrunkSettings>) {
  const topology = sampleTopology();
  const trunks = topology.trunks.map((trunk) =>
    trunk.name === name ? { ...trunk, settings: { ...trunk.settings, ...settings } } : trunk,
  );
  return { ...topology, trunks };
}

const pathsOf = (topology: ReturnType<typeof sampleTopology>): readonly string[] =>
  emergencyPaths(snapshotOf(topology)).map(({ pool, trunk }) => `${pool}/${trunk}`);

const EVERY = ["east/e911-east", "west/e911-east", "east/e911-west", "west/e911-west"];

describe("the emergency paths of a topology", () => {
  test("lead from every pool with callers over every E9-1-1 trunk, the other pool's too", () => {
    expect(pathsOf(sampleTopology())).toEqual(EVERY);
  });

  test("are those of a policy, too", () => {
    const topology = sampleTopology();
    const policies = [{ ...defaultLocationPolicy, name: "hq", trunks: ["e911-west"] }];
    const emergency = { ...topology.emergency, trunks: ["e911-east"], policies };
    expect(pathsOf({ ...topology, emergency })).toEqual(EVERY);
  });

  test("are those over E9-1-1 trunks that nobody names, for calls take them", () => {
    const topology = sampleTopology();
    const ofPlan = (trunks: readonly string[]) => ({ ...topology, emergency: { ...topology.emergency, trunks } });
    expect(pathsOf(ofPlan([]))).toEqual(EVERY);
    expect(pathsOf(ofPlan(["e911-west"]))).toEqual([...EVERY.slice(2), ...EVERY.slice(0, 2)]);
  });

  test("do not lead over the clear twin of a TLS trunk, which waits for a TLS failure", () => {
    expect(pathsOf(withSettings("e911-east", { clearTrunk: "e911-west" }))).toEqual(EVERY);
    const twin = withSettings("e911-east", { clearTrunk: "e911-west" });
    const emergency = { ...twin.emergency, trunks: ["e911-east"] };
    expect(pathsOf({ ...twin, emergency })).toEqual(EVERY.slice(0, 2));
  });

  const { emergency } = sampleTopology().trunks[0]!.settings;
  test.each([
    ["switched off", { enabled: false }],
    ["not to be walked", { emergency: { ...emergency, heartbeat: false } }],
  ])("leave out a trunk that is %s, named or not", (_, settings) => {
    const topology = withSettings("e911-west", settings);
    expect(pathsOf(topology)).toEqual(EVERY.slice(0, 2));
    const unnamed = { ...topology.emergency, trunks: [] };
    expect(pathsOf({ ...topology, emergency: unnamed })).toEqual(EVERY.slice(0, 2));
  });

  test("name a test number only where the trunk takes test calls", () => {
    const topology = withSettings("e911-east", { emergency: { ...emergency, testCall: true } });
    const numbers = emergencyPaths(snapshotOf(topology)).map(({ testNumber }) => testNumber);
    expect(numbers).toEqual(["933", "933", null, null]);
  });
});

describe("the ways back to a caller", () => {
  const snapshot = snapshotOf(sampleTopology());
  const caller = { number: "2001", contact: "sip:2001@192.0.2.7:5070" };

  test("are the trunk he called by, then the other trunks to the same gateway, without limits", () => {
    const profile = legProfile("core-west", snapshot)!;
    const plans = callbackPlans({ ...caller, profile }, "+13125550199", snapshot);
    expect(plans.map((plan) => plan.profile.trunk)).toEqual(["core-west", "core-east"]);
    for (const plan of plans) {
      expect(plan).toMatchObject({ calledNumber: "2001", callingNumber: "+13125550199", maxCalls: 0 });
    }
  });

  test("is his Contact where the topology has the trunk no more", () => {
    const profile = { ...legProfile("core-west", snapshot)!, trunk: "removed" };
    const plans = callbackPlans({ ...caller, profile }, "", snapshot);
    expect(plans).toMatchObject([{ profile: { trunk: "removed" }, requestUri: "sip:2001@192.0.2.7:5070" }]);
  });
});
