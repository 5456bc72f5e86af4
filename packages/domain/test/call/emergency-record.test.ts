import { describe, expect, test } from "vitest";
import { emergencyRecord } from "../../src/call/emergency-record.ts";
import { newCall } from "../../src/call/new-call.ts";
import { blankPreparation, emergencyFacts } from "../../src/emergency/preparation.ts";
import type { Call } from "../../src/call/call.ts";

const START_MS = 1_800_000_000_000;

function emergencyCall(change: Partial<Call["facts"]> = {}): Call {
  const call = newCall("abcdefgh", START_MS);
  const emergency = emergencyFacts({ ...blankPreparation, policy: "hq", site: "head-office", callbackNumber: "2001" });
  Object.assign(call.facts, {
    emergency,
    callingNumber: "2001",
    calledNumber: "911",
    endMs: START_MS + 9_000,
    ...change,
  });
  call.attempts = [
    {
      trunk: "sos",
      route: null,
      calledNumber: "911",
      callingNumber: "2001",
      startMs: START_MS + 5,
      ringMs: START_MS + 200,
      answerMs: 0,
      endMs: START_MS + 9_000,
      sipCode: 486,
      q850: 17,
      outcome: "busy",
    },
  ];
  return call;
}

describe("the record of an emergency call", () => {
  test("says who, from where, and each way out with its times", () => {
    expect(emergencyRecord(emergencyCall({ ringMs: START_MS + 201, sipCode: 503 }), START_MS + 9_000)).toMatchObject({
      kind: "emergency",
      id: "abcdefgh-emergency",
      callId: "abcdefgh",
      callingNumber: "2001",
      emergency: { policy: "hq", site: "head-office", callbackNumber: "2001" },
      timeToRingingMs: 201,
      outcome: "failed",
      attempts: [
        { number: 1, trunk: "sos", startMs: START_MS + 5, ringMs: START_MS + 200, sipCode: 486, outcome: "busy" },
      ],
    });
  });

  test.each([
    [{ answerMs: START_MS + 300 }, "answered", 300],
    [{ failure: "caller-cancelled" }, "cancelled", null],
    [{ failure: "all-trunks-failed" }, "failed", null],
  ] as const)("%o was %s", (change, outcome, timeToRingingMs) => {
    expect(emergencyRecord(emergencyCall(change), START_MS)).toMatchObject({ outcome, timeToRingingMs });
  });

  test("of an ordinary call does not exist", () => {
    expect(emergencyRecord(newCall("abcdefgh", START_MS), START_MS)).toBeNull();
  });
});
