import type { PublishedTopology, TopologyRegistry } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

/** What every TopologyRegistry promises. */
export function describeTopologyRegistry(setUp: () => Promise<Harness<TopologyRegistry>>): void {
  describe("publishing", () => {
    it("begins with version 1 where none was, and none is current before", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.current())).toBeNull();
      expect(valueOf(await harness.subject.publish(document("one"), null))).toBe("published");
      expect(valueOf(await harness.another().current())).toEqual({ version: 1, ...document("one") });
    });

    it("is refused on another version than the one it replaces", async () => {
      await using harness = await setUp();
      await harness.subject.publish(document("one"), null);
      expect(valueOf(await harness.subject.publish(document("two"), null))).toBe("conflict");
      expect(valueOf(await harness.subject.publish(document("two"), 2))).toBe("conflict");
      expect(valueOf(await harness.subject.publish(document("two"), 1))).toBe("published");
      expect(valueOf(await harness.subject.current())).toEqual({ version: 2, ...document("two") });
    });

    it("lets one of two administrators win", async () => {
      await using harness = await setUp();
      await harness.subject.publish(document("one"), null);
      const [first, second] = await Promise.all([
        harness.subject.publish(document("mine"), 1),
        harness.another().publish(document("yours"), 1),
      ]);
      expect([valueOf(first), valueOf(second)].sort()).toEqual(["conflict", "published"]);
    });
  });

  describe("a document from a file", () => {
    it("brings its digest, which stays when others publish and goes with the next file", async () => {
      await using harness = await setUp();
      const fromFile = { ...document("one"), fileDigest: "d1" };
      await harness.subject.publish(fromFile, null);
      expect(valueOf(await harness.another().current())).toEqual({ version: 1, ...fromFile });
      await harness.subject.publish(document("two"), 1);
      expect(valueOf(await harness.subject.current())).toEqual({ version: 2, ...document("two"), fileDigest: "d1" });
      await harness.subject.publish({ ...document("three"), fileDigest: "d2" }, 2);
      expect(valueOf(await harness.subject.current())).toMatchObject({ version: 3, fileDigest: "d2" });
    });
  });

  describe("watching", () => {
    it("tells of every later version within a second, and of none from before", async () => {
      await using harness = await setUp();
      await harness.subject.publish(document("one"), null);
      const seen: PublishedTopology[] = [];
      const unwatch = valueOf(await harness.another().watch((topology) => seen.push(topology)));
      await harness.subject.publish(document("two"), 1);
      await harness.elapse(1_000);
      await until(() => seen.length > 0, { what: "news of version 2" });
      expect(seen).toEqual([{ version: 2, ...document("two") }]);
      await unwatch();
    });

    it("tells of the first version ever", async () => {
      await using harness = await setUp();
      const seen: number[] = [];
      const unwatch = valueOf(await harness.subject.watch((topology) => seen.push(topology.version)));
      await harness.another().publish(document("one"), null);
      await harness.elapse(1_000);
      await until(() => seen.length > 0, { what: "news of version 1" });
      expect(seen).toEqual([1]);
      await unwatch();
    });

    it("is silent after its end", async () => {
      await using harness = await setUp();
      const ended: number[] = [];
      const other: number[] = [];
      const unwatch = valueOf(await harness.subject.watch((topology) => ended.push(topology.version)));
      const unwatchOther = valueOf(await harness.subject.watch((topology) => other.push(topology.version)));
      await unwatch();
      await harness.subject.publish(document("one"), null);
      await harness.elapse(1_000);
      await until(() => other.length > 0, { what: "news for the watch that goes on" });
      expect(ended).toEqual([]);
      await unwatchOther();
    });
  });
}

function document(name: string): { readonly json: string; readonly author: string; readonly atMs: number } {
  return { json: JSON.stringify({ name }), author: "somebody", atMs: 1_800_000_000_000 };
}
