import { createRedisCallStore, type RedisCallStore } from "@tandem/adapter-redis";
import type { RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployments } from "./deployments.ts";
import { redisHarness } from "./redis-harness.ts";

const NOW_MS = 1_800_000_000_000;
const TRUNKS = ["in", "out", "spare", "näme with spaces"];

/** What the store must hold, kept in the plainest way. */
class Model {
  readonly live = new Map<
    string,
    { version: number; document: string; trunks: readonly string[]; deadlineMs: number }
  >();
  readonly over = new Set<string>();

  loads(): Record<string, number> {
    const loads: Record<string, number> = {};
    for (const { trunks } of this.live.values()) for (const trunk of trunks) loads[trunk] = (loads[trunk] ?? 0) + 1;
    return loads;
  }
}

interface Real {
  readonly store: RedisCallStore;
}

type Step = fc.AsyncCommand<Model, Real>;

const callId = fc.constantFrom("call-a", "call-b", "call-c", "call-d");
const trunks = fc.array(fc.constantFrom(...TRUNKS), { maxLength: 3 });
const document = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => text.isWellFormed());
const deadlineMs = fc.integer({ min: NOW_MS - 1_000, max: NOW_MS + 1_000 });
const call = fc.record({ callId, trunks, document, deadlineMs });

const create: fc.Arbitrary<Step> = call.map((write) => ({
  check: () => true,
  toString: () => `create ${JSON.stringify(write)}`,
  async run(model, { store }) {
    const known = model.live.has(write.callId) || model.over.has(write.callId);
    expect(valueOf(await store.create(write))).toBe(known ? "exists" : "created");
    if (!known) model.live.set(write.callId, { ...write, version: 1 });
  },
}));

const save: fc.Arbitrary<Step> = fc.tuple(call, fc.integer({ min: -1, max: 1 })).map(([write, skew]) => ({
  check: () => true,
  toString: () => `save ${JSON.stringify(write)} skew ${String(skew)}`,
  async run(model, { store }) {
    const held = model.live.get(write.callId);
    const expected = (held?.version ?? 1) + skew;
    const outcome = valueOf(await store.save(write, expected));
    if (held === undefined) expect(outcome).toBe(model.over.has(write.callId) ? "gone" : "unknown");
    else expect(outcome).toBe(skew === 0 ? "saved" : "conflict");
    if (held !== undefined && skew === 0) model.live.set(write.callId, { ...write, version: held.version + 1 });
  },
}));

const finish: fc.Arbitrary<Step> = fc.tuple(call, fc.boolean()).map(([write, current]) => ({
  check: () => true,
  toString: () => `finish ${write.callId} ${current ? "current" : "outdated"}`,
  async run(model, { store }) {
    const held = model.live.get(write.callId);
    const outcome = valueOf(await store.finish(write, (held?.version ?? 1) + (current ? 0 : 1), []));
    if (held === undefined) expect(outcome).toBe("gone");
    else expect(outcome).toBe(current ? "finished" : "conflict");
    if (held === undefined || !current) return;
    model.live.delete(write.callId);
    model.over.add(write.callId);
  },
}));

const claim: fc.Arbitrary<Step> = fc.constant({
  check: () => true,
  toString: () => "claim",
  async run(model, { store }) {
    const claimed = valueOf(await store.claimDue(NOW_MS, 100, 5_000)).map((one) => one.callId);
    const due = [...model.live].filter(([, held]) => held.deadlineMs <= NOW_MS).map(([id]) => id);
    expect(claimed.sort()).toEqual(due.sort());
    for (const [id, held] of model.live)
      if (due.includes(id)) model.live.set(id, { ...held, deadlineMs: NOW_MS + 5_000 });
  },
});

async function agree(model: Model, store: RedisCallStore): Promise<void> {
  expect(Object.fromEntries(valueOf(await store.loads()))).toEqual(model.loads());
  expect(valueOf(await store.count())).toBe(model.live.size);
  expect(
    valueOf(await store.list(100))
      .map((one) => one.callId)
      .sort(),
  ).toEqual([...model.live.keys()].sort());
  for (const [id, held] of model.live) {
    expect(valueOf(await store.load(id))).toEqual({ callId: id, version: held.version, document: held.document });
  }
}

describe.each(deployments)("call store on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  it("agrees with a plain model after any sequence of operations: records, loads, index, due calls", async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands([create, save, finish, claim], { maxCommands: 40 }), async (commands) => {
        await using harness = await redisHarness(fixture, createRedisCallStore);
        const model = new Model();
        await fc.asyncModelRun(() => ({ model, real: { store: harness.subject } }), commands);
        await agree(model, harness.subject);
      }),
      { numRuns: 60 },
    );
  });

  it("has loads equal to its records after many workers did at random what workers do", async () => {
    await using harness = await redisHarness(fixture, createRedisCallStore);
    const workers = [harness.subject, harness.another(), harness.another(), harness.another()];
    await Promise.all(workers.map((store, seed) => wander(store, seed)));
    const live = valueOf(await harness.subject.list(1_000));
    const expected: Record<string, number> = {};
    for (const one of live) {
      for (const trunk of JSON.parse(one.document) as string[]) expected[trunk] = (expected[trunk] ?? 0) + 1;
    }
    expect(live.length).toBeGreaterThan(0);
    expect(Object.fromEntries(valueOf(await harness.subject.loads()))).toEqual(expected);
  });
});

/** A worker that makes, moves and ends calls others work on too, the document always naming the trunks it was written with. */
async function wander(store: RedisCallStore, seed: number): Promise<void> {
  const [moves] = fc.sample(fc.array(fc.tuple(fc.nat(39), trunks, fc.nat(9)), { minLength: 150, maxLength: 150 }), {
    numRuns: 1,
    seed,
  });
  for (const [number, occupied, die] of moves ?? []) {
    const write = {
      callId: `call-${String(number)}`,
      document: JSON.stringify(occupied),
      deadlineMs: NOW_MS,
      trunks: occupied,
    };
    const held = valueOf(await store.load(write.callId));
    if (held === null) await store.create(write);
    else if (die === 0) await store.finish(write, held.version, []);
    else await store.save(write, held.version);
  }
}
