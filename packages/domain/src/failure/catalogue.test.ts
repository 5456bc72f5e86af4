import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { errorsDocument } from "../../test/errors-document.ts";
import { failureCodes, failureEntry, isFailureCode, outcomeOf } from "./catalogue.ts";
import { outcomes } from "./failure-entry.ts";

describe("the failure catalogue", () => {
  test.each(failureCodes.map((code) => [code]))("%s has a lawful status for each face", (code) => {
    const entry = failureEntry(code);
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(entry.sip).toBeGreaterThanOrEqual(400);
    expect(entry.sip).toBeLessThan(700);
    expect(entry.sipReason).not.toBe("");
    expect(entry.q850).toBeGreaterThanOrEqual(1);
    expect(entry.q850).toBeLessThanOrEqual(127);
    expect(entry.http).toBeGreaterThanOrEqual(400);
    expect(entry.http).toBeLessThan(600);
    expect(outcomes).toContain(entry.outcome);
    expect(entry.description).toMatch(/^[A-Z].*\.$/);
    // Retry-After is an invitation, so it goes with leave to retry only.
    if (entry.retryAfterS !== null) expect(entry.callerMayRetry).toBe(true);
  });

  test.each([
    ["a stranger is refused", "unknown-source", 403],
    ["a number nobody routes", "no-route", 404],
    ["a route of another usage", "no-shared-usage", 403],
    ["a trunk at its limit", "call-limit-reached", 503],
    ["every trunk down", "no-trunk-available", 503],
    ["a loop", "loop-detected", 482],
    ["Max-Forwards used up", "too-many-hops", 483],
    ["Session-Expires below Min-SE (RFC 4028)", "session-interval-too-small", 422],
    ["glare (RFC 3261 §14)", "request-pending", 491],
    ["a drained pool", "draining", 503],
    ["two administrators at once", "topology-conflict", 491],
  ] as const)("%s is %s: %i", (_, code, sip) => {
    expect(failureEntry(code).sip).toBe(sip);
  });

  test.each([["busy"], ["declined"], ["number-unallocated"], ["media-not-acceptable"], ["caller-cancelled"]] as const)(
    "%s ends the call: no other trunk would do better",
    (code) => {
      expect(failureEntry(code).tryNextTrunk).toBe(false);
    },
  );

  test.each([
    ["peer-unavailable"],
    ["connect-timeout"],
    ["progress-timeout"],
    ["tls-failure"],
    ["trunk-full"],
  ] as const)("%s is the trunk's trouble: another may take the call", (code) => {
    expect(failureEntry(code).tryNextTrunk).toBe(true);
  });

  test("only codes of the table are failure codes", () => {
    expect(isFailureCode("busy")).toBe(true);
    expect(isFailureCode("toString")).toBe(false);
    expect(isFailureCode("")).toBe(false);
  });

  test.each([
    ["an answer is nobody's", null, "success"],
    ["a busy callee is nobody's", "busy", "success"],
    ["a certificate that is not to be believed is the peer's", "tls-failure", "upstream-error"],
    ["a code that only a newer release knows is Tandem's", "code-of-tomorrow", "server-error"],
  ])("whose fault: %s", (_fact, failure, outcome) => {
    expect(outcomeOf(failure)).toBe(outcome);
  });

  test("docs/errors.md says what the table says (npm run errors-document -w packages/domain)", () => {
    const published = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");
    expect(published).toBe(errorsDocument());
  });
});
