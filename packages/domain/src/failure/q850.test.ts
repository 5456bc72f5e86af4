import { describe, expect, test } from "vitest";
import { classifySipFailure } from "./classify-sip-failure.ts";
import { failureEntry } from "./catalogue.ts";
import { causeFromSipStatus, sipStatusFromCause } from "./q850.ts";

describe("Q.850 and SIP (RFC 3398)", () => {
  test.each([
    [404, 1],
    [480, 18],
    [486, 17],
    [503, 41],
    [603, 21],
    [499, 127],
    [200, 16],
  ])("%i is cause %i", (status, cause) => {
    expect(causeFromSipStatus(status)).toBe(cause);
  });

  test.each([
    [1, 404],
    [17, 486],
    [18, 408],
    [21, 403],
    [34, 503],
    [38, 503],
    [102, 504],
    [16, 480],
    [99, 500],
  ])("cause %i is %i", (cause, status) => {
    expect(sipStatusFromCause(cause)).toBe(status);
  });

  test("every cause from 1 to 127 gives a failure status, every failure status a cause", () => {
    for (let cause = 1; cause <= 127; cause += 1) {
      expect(sipStatusFromCause(cause)).toBeGreaterThanOrEqual(400);
    }
    for (let status = 300; status < 700; status += 1) {
      const cause = causeFromSipStatus(status);
      expect(cause >= 1 && cause <= 127).toBe(true);
    }
  });
});

describe("naming a peer's final response", () => {
  test.each([
    ["486 Busy Here", 486, null, "busy"],
    ["486 with a circuit cause is still busy: response rules decide otherwise", 486, 34, "busy"],
    ["603 Decline", 603, null, "declined"],
    ["404", 404, null, "number-unallocated"],
    ["604 Does Not Exist Anywhere", 604, null, "number-unallocated"],
    ["503", 503, null, "peer-unavailable"],
    ["480 alone: called party unavailable", 480, null, "called-unavailable"],
    ["480 with cause 19: nobody answered", 480, 19, "ring-timeout"],
    ["480 with cause 1: no such number", 480, 1, "number-unallocated"],
    ["500 with cause 34: no circuit", 500, 34, "peer-unavailable"],
    ["500 with normal clearing says nothing more", 500, 16, "peer-error"],
    ["407 from a peer we have no credentials for", 407, null, "peer-unauthorised"],
    ["302 is not followed", 302, null, "peer-redirected"],
    ["an unknown 4xx", 499, null, "peer-refused"],
    ["an unknown 5xx", 599, null, "peer-error"],
    ["an unknown 6xx", 699, null, "peer-refused-everywhere"],
    ["482 further on", 482, null, "peer-loop"],
  ] as const)("%s", (_, status, cause, code) => {
    expect(classifySipFailure(status, cause)).toBe(code);
  });

  test("6xx never sends a call to another trunk (RFC 3261 §21.6)", () => {
    for (let status = 600; status < 700; status += 1) {
      expect(failureEntry(classifySipFailure(status, null)).tryNextTrunk).toBe(false);
    }
  });
});
