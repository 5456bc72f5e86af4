import { err, ok, type Result, type Snapshot } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { compiled, sampleTopology } from "../testing/sample-topology.ts";
import { TopologyOffers } from "./topology-offers.ts";

const snapshot = compiled(sampleTopology);
const published = (version: number, json = "{}") => ({ version, json, author: "ops", atMs: version });

describe("publications that are offered", () => {
  test("count once, and an older one not at all", async () => {
    const offers = new TopologyOffers(() => Promise.resolve(ok(snapshot)));
    expect(offers.none).toBe(true);
    expect(await offers.take(published(2))).toEqual(ok(snapshot));
    expect(await offers.take(published(2))).toBeNull();
    expect(await offers.take(published(1))).toBeNull();
    expect(offers.none).toBe(false);
  });

  test("do not count when a newer one came while they were compiled", async () => {
    const waiting: ((compiled: Result<Snapshot, readonly string[]>) => void)[] = [];
    const offers = new TopologyOffers(() => new Promise((resolve) => waiting.push(resolve)));
    const [first, second] = [offers.take(published(1)), offers.take(published(2))];
    for (const compile of waiting.toReversed()) compile(ok(snapshot));
    expect(await first).toBeNull();
    expect(await second).toEqual(ok(snapshot));
  });

  test("that do not compile are given with some of their problems", async () => {
    const problems = Array.from({ length: 50 }, (_, index) => `problem ${index}`);
    const offers = new TopologyOffers(() => Promise.resolve(err(problems)));
    expect(await offers.take(published(1))).toEqual(err(problems.slice(0, 10)));
  });
});
