import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCallTraces } from "../src/index.ts";
import { traceIdOf } from "../src/trace-ids.ts";
import { startCollector, type CollectedSpan, type Collector } from "./collector.ts";

const START = 1_800_000_000_000;
const call: CallDetailRecord = {
  kind: "call",
  id: "abcdefghijklmnopqrstuvwxyz",
  callId: "abcdefghijklmnopqrstuvwxyz",
  sipCallId: "one@core",
  pool: "east",
  ingressTrunk: "core-east",
  egressTrunk: "carrier-b",
  route: "national",
  callingNumber: "+12125550100",
  calledNumber: "+12125550199",
  emergency: null,
  startMs: START,
  ringMs: START + 900,
  answerMs: START + 4_000,
  endMs: START + 64_000,
  postDialDelayMs: 900,
  durationMs: 60_000,
  sipCode: 200,
  q850: null,
  failure: null,
  endedBy: "caller",
  transferred: false,
  attempts: 2,
  considered: [{ trunk: "carrier-a", route: "national", verdict: "chosen", reason: "next in the route's order" }],
  ladder: [],
} as unknown as CallDetailRecord;

function attempt(number: number, trunk: string, sipCode: number): AttemptDetailRecord {
  const times = { startMs: START + number * 10, ringMs: null, answerMs: null, endMs: START + number * 100 };
  const numbers = { callingNumber: call.callingNumber, calledNumber: call.calledNumber };
  const ids = { id: `${call.callId}-${number}`, callId: call.callId, number };
  return { kind: "attempt", ...ids, ...numbers, ...times, trunk, route: "national", sipCode, q850: null, outcome: "x" };
}

const attempts = [attempt(1, "carrier-a", 503), attempt(2, "carrier-b", 200)];

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

const options = (share = 1) => ({ url: collector.url, share, node: "worker-1", pool: "east" });
const named = (name: string): CollectedSpan | undefined => collector.spans.find((span) => span.name === name);

describe("a call's trace at a collector", () => {
  test("is the call with its decision and attempts below it, at the times of the records", async () => {
    const traces = createCallTraces(options());
    traces.ended(call, attempts);
    await traces.close();
    expect(collector.spans.map(({ name }) => name).sort()).toEqual([
      "attempt carrier-a",
      "attempt carrier-b",
      "call",
      "decision",
    ]);
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(call.callId)]));
    const root = named("call");
    expect(root?.parentSpanId).toBeUndefined();
    for (const name of ["decision", "attempt carrier-a", "attempt carrier-b"]) {
      expect(named(name)?.parentSpanId).toBe(root?.spanId);
    }
    expect([root?.startTimeUnixNano, root?.endTimeUnixNano]).toEqual([`${START}000000`, `${START + 64_000}000000`]);
    expect(root?.events.map(({ name }) => name)).toEqual(["ringing", "answered"]);
    expect(named("decision")?.events.map(({ name }) => name)).toEqual(["chosen"]);
    expect([named("attempt carrier-a")?.status.code, named("attempt carrier-b")?.status.code]).toEqual([2, 0]);
  });

  test("holds no telephone number", async () => {
    const traces = createCallTraces(options());
    traces.ended(call, attempts);
    await traces.close();
    expect(collector.bodies.join("")).toContain(call.callId);
    expect(collector.bodies.join("")).not.toContain("2125550");
  });

  test("told twice is the same trace", async () => {
    const traces = createCallTraces(options());
    traces.ended(call, attempts);
    traces.ended(call, attempts);
    await traces.close();
    expect(collector.spans).toHaveLength(8);
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(4);
  });

  test("is not sent of calls outside the wanted share", async () => {
    const traces = createCallTraces(options(0));
    traces.ended(call, attempts);
    await traces.close();
    expect(collector.spans).toEqual([]);
  });
});

test("a collector that is away keeps nobody from ending", async () => {
  const traces = createCallTraces({ ...options(), url: "http://127.0.0.1:9/v1/traces" });
  traces.ended(call, attempts);
  await expect(traces.close()).resolves.toBeUndefined();
});
