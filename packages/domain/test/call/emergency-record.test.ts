import { describe, expect, test } from "vitest";
import { emergencyRecord } from "../../src/call/emergency-record.ts";
import { detailRecords } from "../../src/call/cdr.ts";
import { newCall } from "../../src/call/new-call.ts";
import { parseCall, serialiseCall } from "../../src/call/record.ts";
import { blankPreparation, emergencyFacts } from "../../src/emergency/preparation.ts";
import type { Call } from "../../src/call/call.ts";

const START_MS = 1_800_000_000_000;

function emergencyCall(change: Partial<Call["facts"]> = {}): Call {
  const call = newCall("abcdefgh", START_MS);
  const emergency = emergencyFacts({
    ...blankPreparation,
    policy: "hq",
    site: "head-office",
    callbackNumber: "2001",
    location: { kind: "value", method: "LIS" },
    place: { source: "request", civic: { country: "US", room: "317" }, position: null, references: [] },
  });
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
      emergency: {
        policy: "hq",
        site: "head-office",
        callbackNumber: "2001",
        location: { kind: "value", method: "LIS" },
        place: { source: "request", civic: { country: "US", room: "317" } },
      },
      timeToRingingMs: 201,
      outcome: "failed",
      attempts: [
        { number: 1, trunk: "sos", startMs: START_MS + 5, ringMs: START_MS + 200, sipCode: 486, outcome: "busy" },
      ],
    });
  });

  test("is the only one that holds the place, and keeps it through the call's stored record", () => {
    const stored = parseCall(serialiseCall(emergencyCall()));
    if (!stored.ok) throw new Error(stored.error);
    expect(emergencyRecord(stored.value, START_MS)?.emergency.place?.civic).toEqual({ country: "US", room: "317" });
    const { call, attempts } = detailRecords(stored.value, START_MS);
    expect(call.emergency).toMatchObject({ location: { kind: "value", method: "LIS" } });
    expect(JSON.stringify([call, attempts])).not.toMatch(/place|317/);
  });

  test("of a call that an older release began has no place", () => {
    const call = emergencyCall();
    const older = JSON.parse(serialiseCall(call)) as { facts: { emergency: { place?: unknown } } };
    delete older.facts.emergency.place;
    const stored = parseCall(JSON.stringify(older));
    expect(stored.ok && emergencyRecord(stored.value, START_MS)?.emergency.place).toBeNull();
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
