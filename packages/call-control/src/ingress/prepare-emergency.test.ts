import { blankPreparation, decide, legProfile, quietView } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { Callbacks } from "../live/callbacks.ts";
import { noLocationSource, type IdentityHash } from "../ports/index.ts";
import { FakeCallbackBook } from "../testing/fake-callback-book.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { fakeHash, FakeTelemetry } from "../testing/fake-process.ts";
import { arriving, requestFrom } from "../testing/sample-messages.ts";
import { compiled, sampleTopology } from "../testing/sample-topology.ts";
import { identityStep } from "./identity-step.ts";
import {
  prepareEmergency,
  type EmergencyCase,
  type PreparationPorts,
  type PreparationStep,
} from "./prepare-emergency.ts";
import { requestFacts } from "./request-facts.ts";

const clock = new FakeClock();

function incident(): EmergencyCase {
  const snapshot = compiled(sampleTopology);
  const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
  const trunk = snapshot.trunks.get("core") ?? null;
  const facts = requestFacts(request, trunk, { callId: "c", plan: snapshot.emergency.plan });
  const decision = decide(facts, snapshot, quietView);
  if (decision.kind !== "emergency") throw new Error("911 is an emergency call");
  const ingress = legProfile("core", snapshot);
  if (ingress === null) throw new Error("the sample has a core");
  return { callId: "c", atMs: 0, request, facts, ingress, decision, attempts: [], snapshot };
}

function prepare(telemetry: FakeTelemetry, steps: readonly PreparationStep[], hash: IdentityHash = fakeHash) {
  const known = new Callbacks({ callbacks: new FakeCallbackBook(), clock, telemetry });
  const ports: PreparationPorts = {
    locations: noLocationSource,
    known,
    clock,
    telemetry,
    hash,
    readPidf: () => null,
    unguessable: () => "unguessable1",
  };
  return prepareEmergency(incident(), ports, steps);
}

const lends: PreparationStep = {
  name: "callback",
  boundMs: 100,
  run: (soFar) => Promise.resolve({ ...soFar, elin: "+12125550111" }),
};
const throws: PreparationStep = { name: "location", boundMs: 100, run: () => Promise.reject(new Error("bug")) };
const throwsAtOnce: PreparationStep = {
  ...throws,
  run: () => {
    throw new Error("bug");
  },
};
const hangs: PreparationStep = { name: "location", boundMs: 100, run: () => new Promise(() => undefined) };

describe("what an emergency call is prepared with", () => {
  test("the decision and the callback number are there without any step", async () => {
    expect(await prepare(new FakeTelemetry(), [])).toEqual({
      ...blankPreparation,
      callbackNumber: "+12025550100",
      routing: "screened",
    });
  });

  test.each([
    ["rejects", throws],
    ["throws", throwsAtOnce],
  ])("a step that %s costs the call nothing but what it would have found", async (_, step) => {
    const telemetry = new FakeTelemetry();
    expect((await prepare(telemetry, [step, lends])).elin).toBe("+12125550111");
    expect(telemetry.emergencyTold).toEqual(["preparation failed location"]);
  });

  test("a bug in finding who calls counts as that, and its line says what and where, but no number", async () => {
    const telemetry = new FakeTelemetry();
    const fails: IdentityHash = () => {
      throw new TypeError("no hash of +12125550100");
    };
    expect((await prepare(telemetry, [identityStep, lends], fails)).elin).toBe("+12125550111");
    expect(telemetry.emergencyTold).toEqual(["preparation failed identity"]);
    expect(telemetry.logged).toMatchObject([
      {
        fields: {
          step: "identity",
          error: "TypeError",
          at: expect.stringContaining("prepare-emergency.test.ts") as string,
        },
      },
    ]);
    expect(JSON.stringify(telemetry.logged)).not.toContain("12125550100");
  });

  test("a step that hangs is left behind at its bound", async () => {
    const telemetry = new FakeTelemetry();
    const prepared = prepare(telemetry, [hangs, lends]);
    await clock.advance(100);
    expect((await prepared).elin).toBe("+12125550111");
    expect(telemetry.emergencyTold).toEqual(["preparation failed location"]);
  });
});
