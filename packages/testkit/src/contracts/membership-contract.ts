import type { Member, Membership } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

const LONG_MS = 60_000;
/** Longer than a pause of the machine between two commands. */
const LAPSE_MS = 1_500;

/** What every Membership promises. */
export function describeMembership(setUp: () => Promise<Harness<Membership>>): void {
  describe("members", () => {
    it("are those announced, as last announced, without those withdrawn", async () => {
      await using harness = await setUp();
      await harness.subject.announce(member("w1"), LONG_MS);
      await harness.another().announce(member("w2"), LONG_MS);
      await harness.subject.announce({ ...member("w1"), draining: true }, LONG_MS);
      expect(await idsOf(harness.another())).toEqual(["w1", "w2"]);
      const first = valueOf(await harness.subject.members()).find(({ id }) => id === "w1");
      expect(first).toEqual({ ...member("w1"), draining: true });
      await harness.subject.withdraw("w1");
      expect(await idsOf(harness.subject)).toEqual(["w2"]);
    });

    it("are gone when not renewed in time", async () => {
      await using harness = await setUp();
      await harness.subject.announce(member("killed"), LAPSE_MS);
      await harness.subject.announce(member("alive"), LONG_MS);
      expect(await idsOf(harness.subject)).toEqual(["alive", "killed"]);
      await harness.elapse(LAPSE_MS + 1);
      await until(async () => (await idsOf(harness.subject)).length === 1, { what: "the lapse" });
      expect(await idsOf(harness.another())).toEqual(["alive"]);
    });
  });

  describe("members that vanished", () => {
    it("are told as lost, those that said goodbye are not", async () => {
      await using harness = await setUp();
      for (const id of ["killed", "left"]) await harness.subject.announce(member(id), LAPSE_MS);
      await harness.subject.announce(member("alive"), LONG_MS);
      await harness.subject.withdraw("left");
      await lost(harness, ["killed"]);
      expect(valueOf(await harness.another().lost())).toEqual([member("killed")]);
      expect(await idsOf(harness.subject)).toEqual(["alive"]);
    });

    it("are lost no more once they came back or took their leave late", async () => {
      await using harness = await setUp();
      for (const id of ["stalled", "late"]) await harness.subject.announce(member(id), LAPSE_MS);
      await lost(harness, ["late", "stalled"]);
      await harness.subject.announce(member("stalled"), LONG_MS);
      await harness.subject.withdraw("late");
      expect(valueOf(await harness.another().lost())).toEqual([]);
      expect(await idsOf(harness.subject)).toEqual(["stalled"]);
    });
  });

  describe("drain requests", () => {
    const worker = { id: "w1", pool: "east" };
    it.each([
      { target: { kind: "worker", id: "w1" }, asked: worker, wanted: true },
      { target: { kind: "worker", id: "w2" }, asked: worker, wanted: false },
      { target: { kind: "pool", name: "east" }, asked: worker, wanted: true },
      { target: { kind: "pool", name: "west" }, asked: worker, wanted: false },
      { target: { kind: "pool", name: "w1" }, asked: worker, wanted: false },
      { target: { kind: "pool", name: "east" }, asked: { id: "w1", pool: null }, wanted: false },
    ] as const)("for $target concern $asked: $wanted", async ({ target, asked, wanted }) => {
      await using harness = await setUp();
      await harness.subject.requestDrain(target, true);
      expect(valueOf(await harness.another().drainRequested(asked))).toBe(wanted);
    });

    it("are taken back, and asking twice is asking once", async () => {
      await using harness = await setUp();
      await harness.subject.requestDrain({ kind: "pool", name: "east" }, true);
      await harness.subject.requestDrain({ kind: "pool", name: "east" }, true);
      await harness.subject.requestDrain({ kind: "pool", name: "east" }, false);
      expect(valueOf(await harness.subject.drainRequested(worker))).toBe(false);
    });
  });
}

/** Waits until exactly these are lost. */
async function lost(harness: Harness<Membership>, ids: readonly string[]): Promise<void> {
  await harness.elapse(LAPSE_MS + 1);
  const told = async () =>
    valueOf(await harness.subject.lost())
      .map(({ id }) => id)
      .sort();
  await until(async () => (await told()).join() === ids.join(), { what: "the lapse" });
}

async function idsOf(membership: Membership): Promise<readonly string[]> {
  return valueOf(await membership.members())
    .map(({ id }) => id)
    .sort();
}

function member(id: string): Member {
  return {
    id,
    role: "worker",
    pool: "east",
    pid: 1,
    host: "host",
    startedMs: 1,
    draining: false,
    facts: { edges: 2, metrics: "127.0.0.1:9000" },
  };
}
