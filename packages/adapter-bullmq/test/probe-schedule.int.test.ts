import { createProbeSchedule } from "@tandem/adapter-bullmq";
import { until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { deployments, queueConnection } from "./queue-client.ts";

describe.each(deployments)("the probe schedule on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  beforeEach(() => fixture.flush());
  afterAll(() => fixture[Symbol.asyncDispose]());

  it("makes every new trunk due at once, then again and again at its interval", async () => {
    using connection = queueConnection(fixture.url);
    const schedule = createProbeSchedule(connection);
    const due: { readonly trunk: string; readonly atMs: number }[] = [];
    const stop = valueOf(
      await schedule.run((trunk) => {
        due.push({ trunk, atMs: Date.now() });
        return Promise.resolve();
      }),
    );
    const startMs = Date.now();
    valueOf(
      await schedule.replace([
        { trunk: "slow", everyMs: 60_000 },
        { trunk: "a:name:with:many:colons", everyMs: 300 },
      ]),
    );
    const turns = (trunk: string): readonly number[] =>
      due.filter((one) => one.trunk === trunk).map(({ atMs }) => atMs);
    await until(() => turns("a:name:with:many:colons").length >= 4, { what: "four turns" });
    expect(turns("slow")).toHaveLength(1);
    // At once, not after its minute.
    expect((turns("slow")[0] ?? 0) - startMs).toBeLessThan(30_000);
    const [first = 0, , , fourth = 0] = turns("a:name:with:many:colons");
    // Three intervals, but for the time by which a pause of the machine made the first one late.
    expect(fourth - first).toBeGreaterThan(350);
    await stop();
    await schedule.close();
    expect(connection.errors).toEqual([]);
  });

  it("lets go of trunks that are no longer in it, and keeps the others' turn", async () => {
    using connection = queueConnection(fixture.url);
    const schedule = createProbeSchedule(connection);
    const due: string[] = [];
    const stop = valueOf(await schedule.run((trunk) => Promise.resolve(void due.push(trunk))));
    valueOf(
      await schedule.replace([
        { trunk: "gone", everyMs: 200 },
        { trunk: "kept", everyMs: 200 },
        { trunk: "patient", everyMs: 3_600_000 },
      ]),
    );
    await until(() => due.includes("gone") && due.includes("kept") && due.includes("patient"));
    valueOf(
      await schedule.replace([
        { trunk: "kept", everyMs: 200 },
        { trunk: "patient", everyMs: 3_600_000 },
      ]),
    );
    const left = due.filter((trunk) => trunk === "gone").length;
    const kept = due.filter((trunk) => trunk === "kept").length;
    await until(() => due.filter((trunk) => trunk === "kept").length >= kept + 4, { what: "four more turns" });
    // One turn may have been under way while the trunk was removed.
    expect(due.filter((trunk) => trunk === "gone").length).toBeLessThanOrEqual(left + 1);
    expect(due.filter((trunk) => trunk === "patient")).toHaveLength(1);
    await stop();
    await schedule.close();
  });

  it("takes a new interval from now on, in both directions", async () => {
    using connection = queueConnection(fixture.url);
    const schedule = createProbeSchedule(connection);
    const due: { readonly trunk: string; readonly atMs: number }[] = [];
    const turns = (trunk: string): readonly number[] =>
      due.filter((one) => one.trunk === trunk).map(({ atMs }) => atMs);
    const stop = valueOf(await schedule.run((trunk) => Promise.resolve(void due.push({ trunk, atMs: Date.now() }))));
    valueOf(await schedule.replace([{ trunk: "trunk", everyMs: 3_600_000 }]));
    await until(() => turns("trunk").length === 1, { what: "the first turn" });
    valueOf(await schedule.reschedule({ trunk: "trunk", everyMs: 250 }));
    await until(() => turns("trunk").length >= 5, { what: "four turns at the short interval" });
    const [, second = 0, , , fifth = 0] = turns("trunk");
    expect(fifth - second).toBeGreaterThan(300);
    valueOf(await schedule.reschedule({ trunk: "trunk", everyMs: 3_600_000 }));
    const before = turns("trunk").length;
    valueOf(await schedule.reschedule({ trunk: "clock", everyMs: 250 }));
    await until(() => turns("clock").length >= 4, { what: "turns of the other trunk" });
    // One turn at the short interval may have been under way.
    expect(turns("trunk").length).toBeLessThanOrEqual(before + 1);
    await stop();
    await schedule.close();
  });

  it("is nobody's while it does not run, and goes on with the next who runs it", async () => {
    using first = queueConnection(fixture.url);
    using second = queueConnection(fixture.url);
    const before = createProbeSchedule(first);
    const after = createProbeSchedule(second);
    const due: string[] = [];
    const stopFirst = valueOf(await before.run(() => Promise.resolve(void due.push("first"))));
    valueOf(await before.replace([{ trunk: "trunk", everyMs: 200 }]));
    await until(() => due.length >= 2);
    await stopFirst();
    const atStop = due.length;
    const stopSecond = valueOf(await after.run(() => Promise.resolve(void due.push("second"))));
    await until(() => due.filter((who) => who === "second").length >= 3, { what: "turns at the successor" });
    expect(due.slice(atStop)).not.toContain("first");
    await stopSecond();
    await Promise.all([before.close(), after.close()]);
  });
});
