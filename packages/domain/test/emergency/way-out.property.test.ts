import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ANSWERING, anyCrowd, anyWorld, crowdOf, type Manner } from "./any-world.ts";
import { World911 } from "./world-911.ts";

describe("an emergency call", () => {
  test("completes whenever one way out answers, whatever the topology, health, limits and faults", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const answers = world.trunks.some(({ manner }) => ANSWERING.includes(manner));
        const drive = new World911(world);
        drive.play();
        expect(drive.rig.call.phase === "up").toBe(answers);
        if (!answers) expect(drive.rig.responded().response.status).toBe(503);
        // No PSAP rings or talks beside another one.
        expect(drive.mostLive).toBeLessThanOrEqual(1);
      }),
      { numRuns: 250 },
    );
  });

  test("completes by the one trunk that answers among more than are tried unnamed: a healthy one, or the screening centre's", () => {
    fc.assert(
      fc.property(anyCrowd, (crowd) => {
        const drive = new World911(crowdOf(crowd));
        drive.play();
        expect(drive.rig.call.phase).toBe("up");
        expect(drive.mostLive).toBeLessThanOrEqual(1);
      }),
      { numRuns: 15 },
    );
  });

  test("is at the third way out within 15 s of dialling when one is silent and one says 503 (A17)", () => {
    const quiet = {
      pool: "east",
      kind: "e911",
      profile: null,
      enabled: true,
      state: "up",
      maxCalls: 0,
      load: 0,
    } as const;
    const silent = fc.constantFrom<Manner>("is silent", "says 100 and no more");
    fc.assert(
      fc.property(silent, fc.boolean(), (manner, silentFirst) => {
        const pair = [
          { ...quiet, manner },
          { ...quiet, manner: 503 },
        ];
        const [first, second] = silentFirst ? pair : [...pair].reverse();
        const gatewayTrunk = { ...quiet, kind: "pstn", manner: "answers" } as const;
        const idle = { ...gatewayTrunk, manner: 503 };
        const drive = new World911({
          trunks: [first!, second!, gatewayTrunk, idle, idle, idle],
          e911: ["t0", "t1"],
          fallback: [],
          policyTrunks: [],
          screening: true,
          screeningTrunks: ["t2"],
          preferOwnPool: true,
          draining: [],
          refuse: null,
          gate: "place",
          stranger: false,
          number: "911",
        });
        drive.play();
        const third = drive.rig.call.attempts[2];
        expect((third?.startMs ?? Infinity) - drive.rig.call.createdMs).toBeLessThanOrEqual(15_000);
        expect(drive.rig.call.phase).toBe("up");
      }),
      { numRuns: 20 },
    );
  });
});
