import {
  blankPreparation,
  callDeadline,
  emergencyFacts,
  serialiseCall,
  type Call,
  type CallDetailRecord,
  type LegProfile,
} from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { FakeCallStore } from "../testing/fake-call-store.ts";
import { FakeCallbackBook } from "../testing/fake-callback-book.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeControllerObserver, FakeGateLedger } from "../testing/fake-controller-ports.ts";
import { sweepExpiredCalls } from "./expired-calls.ts";

const GRACE_MS = 120_000;
const TIMES = { graceMs: GRACE_MS, callbackWindowMs: 1_800_000 };

function world() {
  const clock = new FakeClock();
  return {
    clock,
    store: new FakeCallStore(),
    gate: new FakeGateLedger(),
    callbacks: new FakeCallbackBook(),
    observer: new FakeControllerObserver(),
  };
}

/** An established call as its record shows it: answered, one attempt, its trunk reserved. */
function establishedCall(id: string, answeredMs: number): Call {
  return {
    v: 1,
    id,
    phase: "up",
    createdMs: answeredMs - 5_000,
    partySerial: 0,
    exchangeSerial: 0,
    parties: [],
    exchanges: [],
    unacked: [],
    hunt: null,
    caller: null,
    transfer: null,
    reserved: ["pstn-1"],
    owedByes: [],
    endByMs: 0,
    auditAtMs: answeredMs + 1_000,
    facts: {
      pool: "east",
      ingressTrunk: "core",
      callingNumber: "100",
      calledNumber: "+12125550100",
      sipCallId: "x@y",
      emergency: null,
      considered: [],
      ringMs: answeredMs - 1_000,
      answerMs: answeredMs,
      endMs: 0,
      sipCode: 200,
      q850: null,
      failure: null,
      endedBy: null,
      transferred: false,
    },
    attempts: [],
    ladder: [],
  } as unknown as Call;
}

describe("the sweep of expired calls", () => {
  it("ends a call whose deadline passed long ago: record, loads, leases and a detail record that says so", async () => {
    const ports = world();
    const call = establishedCall("lost", ports.clock.now());
    const deadlineMs = ports.clock.now() + 1_000;
    await ports.store.create({ callId: "lost", document: serialiseCall(call), deadlineMs, trunks: ["core", "pstn-1"] });
    ports.gate.held.set("pstn-1", [
      { callId: "lost", untilMs: 1 },
      { callId: "other", untilMs: 1 },
    ]);
    await ports.clock.advance(1_000 + GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect(ports.store.rows.size).toBe(0);
    expect(ports.gate.held.get("pstn-1")).toEqual([{ callId: "other", untilMs: 1 }]);
    expect(ports.store.details).toHaveLength(1);
    const record = JSON.parse(ports.store.details[0]?.json ?? "") as CallDetailRecord;
    expect(record).toMatchObject({ id: "lost", failure: "node-lost", endedBy: "system", durationMs: 1_000 + GRACE_MS });
    expect(ports.observer.told).toContain("swept 1");
  });

  it("leaves a call that only its media relay was to be asked about: it talks on, and the next worker asks", async () => {
    const ports = world();
    const nowMs = ports.clock.now();
    const desk = { relay: "r:1", uri: "sip:desk@x", trunk: "t", called: true, lost: false, checkAtMs: nowMs + 5_000 };
    const call = { ...establishedCall("heard", nowMs), auditAtMs: nowMs + 1_800_000, desk };
    const document = serialiseCall(call);
    await ports.store.create({ callId: "heard", document, deadlineMs: callDeadline(call), trunks: [] });
    await ports.clock.advance(5_000 + GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect([...ports.store.rows.keys()]).toEqual(["heard"]);
    await ports.clock.advance(15_000);
    expect(await ports.store.claimDue(ports.clock.now(), 1, 0)).toMatchObject({ value: [{ callId: "heard" }] });
    await ports.clock.advance(1_800_000 + GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect(ports.store.rows.size).toBe(0);
  });

  it("leaves a call to the workers until the grace is over", async () => {
    const ports = world();
    const document = serialiseCall(establishedCall("late", ports.clock.now()));
    await ports.store.create({ callId: "late", document, deadlineMs: ports.clock.now(), trunks: [] });
    await ports.clock.advance(GRACE_MS - 1);
    await sweepExpiredCalls(ports, TIMES);
    expect(ports.store.rows.size).toBe(1);
    expect(ports.observer.told).toEqual([]);
  });

  it("ends a record nobody can read, with what is known of it", async () => {
    const ports = world();
    await ports.store.create({ callId: "odd", document: "{]", deadlineMs: ports.clock.now(), trunks: [] });
    await ports.clock.advance(GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect(JSON.parse(ports.store.details[0]?.json ?? "")).toMatchObject({ id: "odd", failure: "state-lost" });
  });

  it("keeps the cause of a call that was ending already", async () => {
    const ports = world();
    const call = establishedCall("ending", ports.clock.now());
    call.phase = "ending";
    Object.assign(call.facts, { endMs: ports.clock.now() + 500, endedBy: "caller" });
    await ports.store.create({
      callId: "ending",
      document: serialiseCall(call),
      deadlineMs: ports.clock.now(),
      trunks: [],
    });
    await ports.clock.advance(GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect(JSON.parse(ports.store.details[0]?.json ?? "")).toMatchObject({
      failure: null,
      endedBy: "caller",
      durationMs: 500,
    });
  });

  it("of an emergency call leaves its emergency record, and its caller can be called back from then on", async () => {
    const ports = world();
    const emergency = emergencyFacts({ ...blankPreparation, callbackNumber: "2001" });
    const lost = establishedCall("lost", ports.clock.now());
    const call = { ...lost, facts: { ...lost.facts, emergency } };
    const deadlineMs = ports.clock.now() + 1_000;
    await ports.store.create({ callId: "lost", document: serialiseCall(call), deadlineMs, trunks: [] });
    const caller = { callId: "lost", number: "2001", contact: "", profile: {} as LegProfile };
    const nowMs = ports.clock.now();
    await ports.callbacks.remember({ caller, callbackNumber: "2001", elins: [], nowMs, untilMs: nowMs + 86_400_000 });
    await ports.clock.advance(1_000 + GRACE_MS);
    await sweepExpiredCalls(ports, TIMES);
    expect(ports.store.details.map(({ kind }) => kind)).toEqual(["call", "emergency"]);
    const endMs = ports.clock.now();
    const found = await ports.callbacks.find("2001", endMs);
    expect(found.ok && found.value?.untilMs).toBe(endMs + TIMES.callbackWindowMs);
  });
});
