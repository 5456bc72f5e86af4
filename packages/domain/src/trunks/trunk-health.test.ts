import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultProbe } from "../topology/trunk-defaults.ts";
import {
  nextLookMs,
  nextTrunkHealth,
  unknownHealth,
  type TrunkEvidence,
  type TrunkHealthRecord,
} from "./trunk-health.ts";

const settings = { ...defaultProbe, failuresToDown: 3, successesToUp: 2, intervalMs: 60_000, downIntervalMs: 20_000 };
const unprobed = { ...settings, enabled: false };
const AT_MS = 1_000_000;

const answered = (code: number): TrunkEvidence => ({ kind: "probe", outcome: "answered", code, atMs: AT_MS });
const timeout: TrunkEvidence = { kind: "probe", outcome: "timeout", code: null, atMs: AT_MS };
const unreachable: TrunkEvidence = { kind: "probe", outcome: "unreachable", code: null, atMs: AT_MS };
const attempt = (outcome: "answered" | "failed" | "unreachable", code: number | null): TrunkEvidence => ({
  kind: "attempt",
  outcome,
  code,
  atMs: AT_MS,
});

const after = (evidence: readonly TrunkEvidence[], probe = settings): TrunkHealthRecord =>
  evidence.reduce((health, one) => nextTrunkHealth(health, one, probe), unknownHealth("trunk", 0));

const down = [timeout, timeout, timeout];

describe("a trunk", () => {
  it.each([
    { fact: "is unknown without evidence", evidence: [], state: "unknown" },
    { fact: "is up with the first answer", evidence: [answered(200)], state: "up" },
    { fact: "is up when OPTIONS gets 404: the peer is alive", evidence: [answered(404)], state: "up" },
    {
      fact: "is up when OPTIONS gets 405 or 501: the peer is alive",
      evidence: [answered(405), answered(501)],
      state: "up",
    },
    { fact: "is up when OPTIONS gets 500: the peer is alive", evidence: [answered(500)], state: "up" },
    { fact: "stays up below the threshold", evidence: [answered(200), timeout, timeout], state: "up" },
    { fact: "goes down at the threshold", evidence: [answered(200), ...down], state: "down" },
    { fact: "goes down from unknown as well", evidence: down, state: "down" },
    {
      fact: "goes down when OPTIONS gets 503 again and again",
      evidence: [answered(503), answered(503), answered(503)],
      state: "down",
    },
    {
      fact: "goes down when OPTIONS gets 408 again and again",
      evidence: [answered(408), answered(408), answered(408)],
      state: "down",
    },
    { fact: "goes down when nothing can be sent", evidence: [unreachable, unreachable, unreachable], state: "down" },
    {
      fact: "forgets failures with a success between them",
      evidence: [timeout, timeout, answered(200), timeout, timeout],
      state: "up",
    },
    { fact: "stays down below the threshold of successes", evidence: [...down, answered(200)], state: "down" },
    { fact: "comes up at the threshold of successes", evidence: [...down, answered(200), answered(200)], state: "up" },
    { fact: "needs successes in a row", evidence: [...down, answered(200), timeout, answered(200)], state: "down" },
    {
      fact: "goes down by failed calls alone",
      evidence: [attempt("failed", 503), attempt("failed", 500), attempt("unreachable", null)],
      state: "down",
    },
    {
      fact: "goes down by probes and calls together",
      evidence: [timeout, attempt("failed", 503), timeout],
      state: "down",
    },
    {
      fact: "is kept up by calls that are answered",
      evidence: [timeout, timeout, attempt("answered", 486), timeout],
      state: "up",
    },
    {
      fact: "is brought up by calls that are answered",
      evidence: [...down, attempt("answered", 200), attempt("answered", 486)],
      state: "up",
    },
  ] as const)("$fact", ({ evidence, state }) => {
    expect(after(evidence).state).toBe(state);
  });

  it("remembers since when, with what code and why", () => {
    const health = after([answered(200), { ...timeout, atMs: AT_MS + 1 }]);
    expect(health).toEqual({
      trunk: "trunk",
      state: "up",
      sinceMs: AT_MS,
      lastCode: null,
      failures: 1,
      successes: 0,
      reason: "OPTIONS not answered",
    });
  });

  it("is not judged by evidence from before its last change", () => {
    const up = after([answered(200)]);
    const stale = { ...attempt("failed", 503), atMs: AT_MS - 1 };
    expect(nextTrunkHealth(up, stale, settings)).toBe(up);
  });
});

describe("a trunk that is not probed", () => {
  it("may be tried again after its rest, and one failure takes it down again", () => {
    const failed = [attempt("failed", 503), attempt("failed", 503), attempt("failed", 503)];
    const rest: TrunkEvidence = { kind: "rest-over", atMs: AT_MS + 20_000 };
    const rested = after([...failed, rest], unprobed);
    expect(rested.state).toBe("unknown");
    const again = nextTrunkHealth(
      rested,
      { kind: "attempt", outcome: "failed", code: 503, atMs: AT_MS + 20_001 },
      unprobed,
    );
    expect(again.state).toBe("down");
    const well = nextTrunkHealth(
      rested,
      { kind: "attempt", outcome: "answered", code: 200, atMs: AT_MS + 20_001 },
      unprobed,
    );
    expect(well).toMatchObject({ state: "up", failures: 0 });
  });

  it.each([
    { fact: "up", health: after([attempt("answered", 200)], unprobed), probe: unprobed },
    { fact: "unknown", health: unknownHealth("trunk", 0), probe: unprobed },
    { fact: "down but probed", health: after(down), probe: settings },
  ])("takes no rest while $fact", ({ health, probe }) => {
    expect(nextTrunkHealth(health, { kind: "rest-over", atMs: AT_MS + 1 }, probe)).toBe(health);
  });
});

describe("the next look", () => {
  it.each([
    { fact: "up and probed: the interval", health: after([answered(200)]), probe: settings, ms: 60_000 },
    { fact: "unknown and probed: the interval", health: unknownHealth("trunk", 0), probe: settings, ms: 60_000 },
    { fact: "down and probed: the interval while down", health: after(down), probe: settings, ms: 20_000 },
    {
      fact: "up and not probed: never",
      health: after([attempt("answered", 200)], unprobed),
      probe: unprobed,
      ms: null,
    },
    { fact: "down and not probed: the end of the rest", health: after(down, unprobed), probe: unprobed, ms: 20_000 },
  ])("when $fact", ({ health, probe, ms }) => {
    expect(nextLookMs(health, probe)).toBe(ms);
  });
});

describe("whatever the evidence", () => {
  const evidence: fc.Arbitrary<TrunkEvidence> = fc.oneof(
    fc.record({
      kind: fc.constant("probe" as const),
      outcome: fc.constantFrom("answered", "timeout", "unreachable"),
      code: fc.option(fc.integer({ min: 200, max: 699 })),
      atMs: fc.nat(10_000),
    }),
    fc.record({
      kind: fc.constant("attempt" as const),
      outcome: fc.constantFrom("answered", "failed", "unreachable"),
      code: fc.option(fc.integer({ min: 200, max: 699 })),
      atMs: fc.nat(10_000),
    }),
    fc.record({ kind: fc.constant("rest-over" as const), atMs: fc.nat(10_000) }),
  );
  const probe = fc.record({
    enabled: fc.boolean(),
    intervalMs: fc.constant(60_000),
    downIntervalMs: fc.constant(20_000),
    timeoutMs: fc.constant(4_000),
    failuresToDown: fc.integer({ min: 1, max: 10 }),
    successesToUp: fc.integer({ min: 1, max: 10 }),
    watchCalls: fc.boolean(),
  });

  it("counters stay within their thresholds, and a trunk is down exactly by the thresholds", () => {
    fc.assert(
      fc.property(fc.array(evidence), probe, (history, given) => {
        let health = unknownHealth("trunk", 0);
        for (const one of history) {
          const next = nextTrunkHealth(health, one, given);
          expect(next.failures).toBeLessThanOrEqual(given.failuresToDown);
          expect(next.successes).toBeLessThanOrEqual(given.successesToUp);
          expect(next.sinceMs).toBeGreaterThanOrEqual(health.sinceMs);
          if (next.state === "down" && health.state !== "down") expect(next.failures).toBe(given.failuresToDown);
          if (next.state === "up" && health.state === "down") expect(next.successes).toBe(given.successesToUp);
          if (next.state !== health.state) expect(next.sinceMs).toBe(one.atMs);
          health = next;
        }
      }),
    );
  });
});
