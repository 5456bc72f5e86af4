import { describe, expect, test } from "vitest";
import { TakenRequests } from "./taken-requests.ts";

type Step = "topology" | "drain" | "drain over";

/** Whether new requests are taken after these steps. */
function taken(steps: readonly Step[]): boolean {
  let takes = true;
  const requests = new TakenRequests({ pause: () => void (takes = false), resume: () => void (takes = true) });
  for (const step of steps) {
    if (step === "topology") requests.topology();
    else if (step === "drain") requests.pause(true);
    else requests.resume();
  }
  return takes;
}

describe("a worker takes new requests", () => {
  test.each<[string, readonly Step[], boolean]>([
    ["not before it has a topology", [], false],
    ["as soon as it has one", ["topology"], true],
    ["not while it drains", ["topology", "drain"], false],
    ["not while it drains, whatever topology comes", ["topology", "drain", "topology"], false],
    ["not by a first topology while it drains", ["drain", "topology"], false],
    ["after its drain", ["topology", "drain", "drain over"], true],
    ["not after a drain without a topology", ["drain", "drain over"], false],
    ["after a drain in which the first topology came", ["drain", "topology", "drain over"], true],
  ])("%s", (_, steps, takes) => {
    expect(taken(steps)).toBe(takes);
  });
});
