import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import {
  FakeControllerObserver,
  FakeProbeSchedule,
  ForgettingHealthBoard,
  ScriptedProbes,
} from "../testing/fake-controller-ports.ts";
import { sampleTopology, withTrunkSettings } from "../testing/sample-topology.ts";
import { TrunkHealthKeeper } from "./trunk-health-keeper.ts";

const probe = {
  enabled: true,
  intervalMs: 60_000,
  downIntervalMs: 20_000,
  timeoutMs: 4_000,
  failuresToDown: 3,
  successesToUp: 1,
  watchCalls: true,
};
const topology = withTrunkSettings("pstn-1", { probe });

function world() {
  const clock = new FakeClock();
  const ports = {
    clock,
    board: new ForgettingHealthBoard(),
    probes: new ScriptedProbes(),
    schedule: new FakeProbeSchedule(),
    observer: new FakeControllerObserver(),
  };
  return { ...ports, keeper: new TrunkHealthKeeper(ports, { nodeId: "c1", epoch: 1 }) };
}

async function begun() {
  const all = world();
  all.keeper.start(topology);
  await all.clock.advance(1_000);
  return all;
}

describe("the keeper of trunk health", () => {
  it("schedules every trunk of the topology at its interval", async () => {
    const { schedule } = await begun();
    expect(schedule.running).toBe(true);
    expect([...schedule.entries.keys()].sort()).toEqual(["core", "pstn-1", "pstn-2", "sos"]);
    expect(schedule.entries.get("pstn-1")).toBe(60_000);
  });

  it("asks a worker of the trunk's pool when the trunk is due, and puts the result on the board", async () => {
    const { schedule, probes, board, observer } = await begun();
    await schedule.due("pstn-1");
    expect(probes.requests).toMatchObject([{ trunk: "pstn-1", pool: "east", timeoutMs: 4_000 }]);
    expect(board.board.get("pstn-1")).toMatchObject({
      state: "up",
      lastCode: 200,
      reason: "OPTIONS answered with 200",
    });
    expect(observer.told).toContain("transition pstn-1 up");
  });

  it("takes the trunk down after the threshold, looks at its other interval, and brings it back", async () => {
    const { schedule, probes, board, observer } = await begun();
    await schedule.due("pstn-1");
    probes.next = { outcome: "timeout", code: null };
    await schedule.due("pstn-1");
    await schedule.due("pstn-1");
    expect(board.board.get("pstn-1")).toMatchObject({ state: "up", failures: 2 });
    await schedule.due("pstn-1");
    expect(board.board.get("pstn-1")).toMatchObject({ state: "down", failures: 3 });
    expect(schedule.entries.get("pstn-1")).toBe(20_000);
    probes.next = { outcome: "answered", code: 404 };
    await schedule.due("pstn-1");
    expect(board.board.get("pstn-1")).toMatchObject({ state: "up" });
    expect(schedule.entries.get("pstn-1")).toBe(60_000);
    expect(observer.told.filter((line) => line.startsWith("transition"))).toEqual([
      "transition pstn-1 up",
      "transition pstn-1 down",
      "transition pstn-1 up",
    ]);
  });

  it("leaves a trunk's health as it is when no worker could be asked", async () => {
    const { schedule, probes, board, observer } = await begun();
    await schedule.due("pstn-1");
    const before = board.board.get("pstn-1");
    probes.next = null;
    for (let miss = 0; miss < 5; miss += 1) await schedule.due("pstn-1");
    expect(board.board.get("pstn-1")).toBe(before);
    expect(observer.told).toContain("warn: trunk not probed");
  });

  it("counts real attempts like probes", async () => {
    const { clock, board } = await begun();
    for (let call = 0; call < 3; call += 1) {
      board.report({ trunk: "pstn-1", outcome: "failed", code: 503, atMs: clock.now() });
    }
    await clock.advance(500);
    expect(board.board.get("pstn-1")).toMatchObject({ state: "down", reason: "call attempt failed with 503" });
  });

  it("ignores signals of trunks it does not know", async () => {
    const { clock, board } = await begun();
    board.report({ trunk: "removed", outcome: "failed", code: 503, atMs: clock.now() });
    await clock.advance(500);
    expect(board.board.has("removed")).toBe(false);
  });

  it("lets a trunk without probes that went down rest, then be tried again", async () => {
    const all = world();
    const unprobed = withTrunkSettings("pstn-1", { probe: { ...probe, enabled: false } });
    all.keeper.start(unprobed);
    await all.clock.advance(1_000);
    expect(all.schedule.entries.has("pstn-1")).toBe(false);
    for (let call = 0; call < 3; call += 1) {
      all.board.report({ trunk: "pstn-1", outcome: "unreachable", code: null, atMs: all.clock.now() });
    }
    await all.clock.advance(500);
    expect(all.board.board.get("pstn-1")?.state).toBe("down");
    expect(all.schedule.entries.get("pstn-1")).toBe(20_000);
    await all.clock.advance(20_000);
    await all.schedule.due("pstn-1");
    expect(all.probes.requests).toEqual([]);
    expect(all.board.board.get("pstn-1")?.state).toBe("unknown");
    expect(all.schedule.entries.has("pstn-1")).toBe(false);
  });

  it("leaves a trunk alone whose calls are not watched", async () => {
    const all = world();
    all.keeper.start(withTrunkSettings("pstn-1", { probe: { ...probe, enabled: false, watchCalls: false } }));
    await all.clock.advance(1_000);
    for (let call = 0; call < 9; call += 1) {
      all.board.report({ trunk: "pstn-1", outcome: "failed", code: 503, atMs: all.clock.now() });
    }
    await all.clock.advance(1_000);
    expect(all.board.board.get("pstn-1")?.state).not.toBe("down");
  });

  it("goes on from what an earlier leader wrote", async () => {
    const all = world();
    const down = {
      trunk: "pstn-1",
      state: "down",
      sinceMs: 1,
      lastCode: null,
      failures: 3,
      successes: 0,
      reason: "",
    } as const;
    all.board.board.set("pstn-1", down);
    all.keeper.start(topology);
    await all.clock.advance(1_000);
    expect(all.schedule.entries.get("pstn-1")).toBe(20_000);
    await all.schedule.due("pstn-1");
    expect(all.board.board.get("pstn-1")).toMatchObject({ state: "up" });
  });

  it("writes nothing once a later leader's term has begun", async () => {
    const all = world();
    all.keeper.start(topology);
    await all.clock.advance(1_000);
    all.board.reign = 2;
    await all.schedule.due("pstn-1");
    await all.keeper.follow({ ...sampleTopology, trunks: [] });
    expect(all.board.board.has("pstn-1")).toBe(false);
    expect(all.board.refused).toBeGreaterThan(0);
  });

  it("forgets trunks that a new topology does not have, and those that were removed while nobody led", async () => {
    const all = world();
    const old = {
      trunk: "removed",
      state: "up",
      sinceMs: 1,
      lastCode: 200,
      failures: 0,
      successes: 1,
      reason: "",
    } as const;
    all.board.board.set("removed", old);
    all.keeper.start(topology);
    await all.clock.advance(1_000);
    expect(all.board.board.has("removed")).toBe(false);
    await all.schedule.due("pstn-1");
    await all.keeper.follow({
      ...sampleTopology,
      trunks: sampleTopology.trunks.filter(({ name }) => name !== "pstn-1"),
    });
    expect(all.board.board.has("pstn-1")).toBe(false);
    expect(all.schedule.entries.has("pstn-1")).toBe(false);
  });

  it("does not watch a trunk that is switched off", async () => {
    const all = world();
    all.keeper.start(withTrunkSettings("pstn-1", { enabled: false }));
    await all.clock.advance(1_000);
    expect(all.schedule.entries.has("pstn-1")).toBe(false);
  });

  it("waits for a board that is away, and writes later what it could not write", async () => {
    const all = world();
    all.board.away = true;
    all.keeper.start(topology);
    await all.clock.advance(3_000);
    expect(all.schedule.running).toBe(false);
    all.board.away = false;
    await all.clock.advance(1_000);
    expect(all.schedule.running).toBe(true);
    all.board.away = true;
    await all.schedule.due("pstn-1");
    expect(all.board.board.has("pstn-1")).toBe(false);
    all.board.away = false;
    await all.clock.advance(1_000);
    expect(all.board.board.get("pstn-1")?.state).toBe("up");
  });

  it("does nothing after its end", async () => {
    const { keeper, schedule, clock, probes } = await begun();
    await keeper.stop();
    await settle();
    expect(schedule.running).toBe(false);
    expect(clock.pending()).toBe(0);
    await schedule.due("pstn-1");
    expect(probes.requests).toEqual([]);
  });
});
