import { MAX_LIS_BATCH, type LisEdition, type LocationDatabase } from "@tandem/call-control";
import { lisCandidates, type LisKey, type LisRow } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

/** What every LocationDatabase promises. */
export function describeLocationDatabase(setUp: () => Promise<Harness<LocationDatabase>>): void {
  const publish = async (database: LocationDatabase, token = "t"): Promise<string> => {
    const { draft } = valueOf(await database.state());
    return valueOf(await database.publish({ revision: draft.revision, author: "ann", atMs: 7, token }));
  };

  describe("draft and published rows", () => {
    it("begins empty", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.state())).toEqual({ draft: { revision: 0, rows: 0 }, published: null });
      expect(valueOf(await harness.subject.find(["number:1"], "published"))).toBeNull();
      expect(await everyKey(harness.subject, "draft")).toEqual([]);
    });

    it("a row of the draft is invisible until it is published (B17)", async () => {
      await using harness = await setUp();
      const row = rowOf("subnet:10.1.0.0/16", "one");
      valueOf(await harness.subject.put([row]));
      expect(valueOf(await harness.another().find([row.key], "published"))).toBeNull();
      expect(valueOf(await harness.another().find([row.key], "draft"))).toEqual(row);
      expect(await publish(harness.another())).toBe("published");
      expect(valueOf(await harness.subject.find([row.key], "published"))).toEqual(row);
      expect(valueOf(await harness.subject.state())).toEqual({
        draft: { revision: 1, rows: 1 },
        published: { version: 1, rows: 1, author: "ann", atMs: 7, revision: 1 },
      });
    });

    it("changes and removals of the draft wait for the next edition, too", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(await subject.put([rowOf("number:1", "one"), rowOf("number:2", "two")]));
      await publish(subject);
      valueOf(await subject.put([rowOf("number:1", "other")]));
      expect(valueOf(await subject.remove(["number:2", "number:3"]))).toBe(1);
      expect(valueOf(await subject.find(["number:1"], "published"))).toMatchObject({ description: "one" });
      expect(valueOf(await subject.find(["number:2"], "published"))).toMatchObject({ description: "two" });
      await publish(subject, "u");
      expect(valueOf(await subject.find(["number:1"], "published"))).toMatchObject({ description: "other" });
      expect(valueOf(await subject.find(["number:2"], "published"))).toBeNull();
      expect(valueOf(await subject.state())).toMatchObject({ published: { version: 2, rows: 1 } });
    });

    it("an empty draft publishes an empty edition", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(await subject.put([rowOf("number:1", "one")]));
      await publish(subject);
      valueOf(await subject.remove(["number:1"]));
      expect(await publish(subject, "u")).toBe("published");
      expect(await everyKey(subject, "published")).toEqual([]);
    });

    it("what was checked is what is published: a change in between says so", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(await subject.put([rowOf("number:1", "one")]));
      const { draft } = valueOf(await subject.state());
      valueOf(await harness.another().put([rowOf("number:2", "two")]));
      const late = { revision: draft.revision, author: "ann", atMs: 7, token: "t" };
      expect(valueOf(await subject.publish(late))).toBe("changed");
      expect(valueOf(await subject.state())).toMatchObject({ published: null });
    });

    it("of two who publish at once one wins, and the other is told", async () => {
      await using harness = await setUp();
      valueOf(await harness.subject.put([rowOf("number:1", "one")]));
      const outcomes = await Promise.all([publish(harness.subject, "a"), publish(harness.another(), "b")]);
      expect(outcomes).toContain("published");
      expect(outcomes.every((outcome) => outcome === "published" || outcome === "busy")).toBe(true);
    });
  });

  describe("a lookup", () => {
    it("takes the first key that has a row", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(
        await subject.put([
          rowOf("subnet:10.0.0.0/8", "eight"),
          rowOf("subnet:10.1.2.0/24", "twenty-four"),
          rowOf("chassis:sw1", "switch"),
          rowOf("port:sw1|7", "port"),
          rowOf("bssid:0a1b2c3d4e*", "access point"),
          rowOf("mac:00005e005301", "phone"),
          rowOf("number:+12125550100", "number"),
        ]),
      );
      await publish(subject);
      const found = async (query: Parameters<typeof lisCandidates>[0]): Promise<string | undefined> =>
        valueOf(await subject.find(lisCandidates(query), "published"))?.description;
      const rest = { mac: "00:00:5e:00:53:01", numbers: ["+12125550100"] };
      const phone = { ...rest, address: "10.1.2.3", chassis: "SW1", port: "7", bssid: "0a:1b:2c:3d:4e:5f" };
      expect(await found(phone)).toBe("access point");
      expect(await found({ ...phone, bssid: "ff:ff:ff:ff:ff:ff" })).toBe("port");
      expect(await found({ ...phone, bssid: "", port: "8" })).toBe("switch");
      expect(await found({ ...rest, address: "10.1.2.3" })).toBe("twenty-four");
      expect(await found({ ...rest, address: "10.9.9.9" })).toBe("eight");
      expect(await found({ ...rest, address: "192.0.2.1" })).toBe("phone");
      expect(await found({ numbers: ["12125550100"] })).toBe("number");
      expect(await found({ numbers: ["12125550101"] })).toBeUndefined();
    });
  });

  describe("a replacement", () => {
    it("is invisible until it is complete, and then the whole draft", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(await subject.put([rowOf("number:1", "old"), rowOf("number:2", "old")]));
      const replacement = subject.replacement("r");
      valueOf(await replacement.add([rowOf("number:2", "new")]));
      valueOf(await replacement.add([rowOf("number:3", "new")]));
      expect(await everyKey(subject, "draft")).toEqual(["number:1", "number:2"]);
      valueOf(await replacement.commit());
      expect(await everyKey(harness.another(), "draft")).toEqual(["number:2", "number:3"]);
      expect(valueOf(await subject.state()).draft).toEqual({ revision: 2, rows: 2 });
    });

    it("that is abandoned leaves the draft as it was", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      valueOf(await subject.put([rowOf("number:1", "old")]));
      const replacement = subject.replacement("r");
      valueOf(await replacement.add([rowOf("number:2", "new")]));
      valueOf(await replacement.abandon());
      expect(await everyKey(subject, "draft")).toEqual(["number:1"]);
    });

    it("of no rows empties the draft", async () => {
      await using harness = await setUp();
      valueOf(await harness.subject.put([rowOf("number:1", "old")]));
      valueOf(await harness.subject.replacement("r").commit());
      expect(await everyKey(harness.subject, "draft")).toEqual([]);
    });
  });

  it("pages hold every row of a large edition", async () => {
    await using harness = await setUp();
    const { subject } = harness;
    const rows = Array.from({ length: 3 * MAX_LIS_BATCH }, (_, index) => rowOf(`number:${index}`, `row ${index}`));
    for (let at = 0; at < rows.length; at += MAX_LIS_BATCH) {
      valueOf(await subject.put(rows.slice(at, at + MAX_LIS_BATCH)));
    }
    await publish(subject);
    expect(await everyKey(subject, "published")).toEqual(rows.map(({ key }) => key).sort());
  });
}

function rowOf(key: LisKey, description: string): LisRow {
  return { key, civic: { country: "US", a1: "NY", a3: "Albany" }, erl: "hq", elins: ["+12125550111"], description };
}

async function everyKey(database: LocationDatabase, edition: LisEdition): Promise<readonly string[]> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const { rows, next } = valueOf(await database.page(edition, cursor));
    for (const { key } of rows) keys.add(key);
    cursor = next;
  } while (cursor !== "0");
  return [...keys].sort();
}
