import { ok, type Result, type Failure } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import type { Errand, ErrandResult, WorkerErrands } from "../ports/index.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeControllerObserver } from "../testing/fake-controller-ports.ts";
import { FakeEmergencyPathBoard } from "../testing/fake-emergency-books.ts";
import { compiled, sampleTopology } from "../testing/sample-topology.ts";
import { EmergencyHeartbeat } from "./emergency-heartbeat.ts";

/** Errands end as the test says; null: no worker takes them. */
class FakeErrands implements WorkerErrands {
  readonly asked: Errand[] = [];
  next: Pick<ErrandResult, "outcome" | "code"> | null = { outcome: "answered", code: 200 };

  request(errand: Errand): Promise<Result<ErrandResult, Failure>> {
    this.asked.push(errand);
    if (this.next === null) return Promise.resolve({ ok: false, error: { code: "worker-lost", detail: "" } });
    return Promise.resolve(ok({ id: errand.id, ...this.next, roundTripMs: 3 }));
  }

  serve() {
    return Promise.resolve(ok(() => Promise.resolve()));
  }
}

function topology(testCall: boolean) {
  const trunks = sampleTopology.trunks.map((trunk) => {
    if (trunk.name !== "sos") return trunk;
    return { ...trunk, settings: { ...trunk.settings, emergency: { ...trunk.settings.emergency, testCall } } };
  });
  const numbers = [...sampleTopology.emergency.numbers, { dial: "933", masks: [], test: true }];
  return compiled({ ...sampleTopology, trunks, emergency: { ...sampleTopology.emergency, numbers } });
}

function world(testCall = false) {
  const ports = {
    errands: new FakeErrands(),
    paths: new FakeEmergencyPathBoard(),
    clock: new FakeClock(),
    observer: new FakeControllerObserver(),
  };
  const heartbeat = new EmergencyHeartbeat(ports, { nodeId: "c1", epoch: 1 });
  heartbeat.follow(topology(testCall));
  const beat = async (): Promise<void> => {
    await heartbeat.round();
    await settle();
  };
  return { ...ports, heartbeat, beat };
}

describe("the heartbeat of emergency paths", () => {
  test("asks a worker of the pool for an OPTIONS at every interval, and keeps the time of the last success", async () => {
    const { errands, paths, clock, observer, beat } = world();
    await beat();
    expect(errands.asked).toMatchObject([{ pool: "east", trunk: "sos", task: { kind: "options" } }]);
    const firstMs = clock.now();
    await clock.advance(59_000);
    await beat();
    expect(errands.asked).toHaveLength(1);
    errands.next = { outcome: "timeout", code: null };
    await clock.advance(1_000);
    await beat();
    expect(errands.asked).toHaveLength(2);
    expect(paths.paths.get("east/sos")?.options).toMatchObject({
      lastSuccessMs: firstMs,
      lastTryMs: clock.now(),
      outcome: "timeout",
    });
    await beat();
    expect(observer.told).toContain(`paths east/sos=${firstMs}`);
    expect(observer.told).toContain("error: emergency path failed");
    expect(observer.told).toContain("heartbeat every 60000");
  });

  test("says so once when a path fails and once when it works again", async () => {
    const { errands, clock, observer, beat } = world();
    await beat();
    errands.next = null;
    for (let miss = 0; miss < 3; miss += 1) {
      await clock.advance(60_000);
      await beat();
    }
    errands.next = { outcome: "answered", code: 200 };
    await clock.advance(60_000);
    await beat();
    const lines = observer.told.filter((line) => line.includes("emergency path"));
    expect(lines).toEqual(["error: emergency path failed", "info: emergency path works again"]);
  });

  test.each([
    [405, true],
    [404, true],
    [503, false],
    [408, false],
  ])("an OPTIONS answered with %i is a success: %s", async (code, success) => {
    const { errands, paths, clock, beat } = world();
    errands.next = { outcome: "answered", code };
    await beat();
    expect(paths.paths.get("east/sos")?.options.lastSuccessMs).toBe(success ? clock.now() : 0);
  });

  test("places a test call where the trunk takes them, and OPTIONS in between", async () => {
    const { errands, paths, clock, beat } = world(true);
    await beat();
    expect(errands.asked).toMatchObject([{ task: { kind: "test-call", number: "933" } }]);
    await beat();
    expect(errands.asked.map(({ task }) => task.kind)).toEqual(["test-call", "options"]);
    expect(paths.paths.get("east/sos")?.testCall?.lastSuccessMs).toBe(clock.now());
    await clock.advance(86_400_000);
    await beat();
    expect(errands.asked.map(({ task }) => task.kind)).toEqual(["test-call", "options", "test-call"]);
  });

  test("a test call that failed is told beside OPTIONS that come through, and made again after ten minutes", async () => {
    const { errands, clock, observer, beat } = world(true);
    errands.next = { outcome: "answered", code: 503 };
    await beat();
    errands.next = { outcome: "answered", code: 200 };
    await beat();
    await beat();
    expect(observer.failing).toEqual([{ options: false, "test-call": true }]);
    await clock.advance(599_000);
    await beat();
    expect(errands.asked.at(-1)?.task.kind).toBe("options");
    await clock.advance(1_000);
    await beat();
    expect(errands.asked.at(-1)?.task.kind).toBe("test-call");
    await beat();
    expect(observer.failing).toEqual([{ options: false, "test-call": false }]);
    expect(observer.told).toContain("info: emergency path works again");
    await clock.advance(600_000);
    await beat();
    expect(errands.asked.at(-1)?.task.kind).toBe("options");
  });

  test("where no walk was made yet, none has failed", async () => {
    const { observer, heartbeat } = world(true);
    await heartbeat.round();
    expect(observer.failing).toEqual([{ options: null, "test-call": null }]);
  });

  test("a test call that is refused is none", async () => {
    const { errands, paths, beat } = world(true);
    errands.next = { outcome: "answered", code: 486 };
    await beat();
    expect(paths.paths.get("east/sos")?.testCall?.lastSuccessMs).toBe(0);
  });

  test("goes on from what an earlier leader wrote", async () => {
    const all = world();
    await all.beat();
    const successor = new EmergencyHeartbeat(all, { nodeId: "c2", epoch: 2 });
    successor.follow(topology(false));
    await successor.round();
    await settle();
    expect(all.errands.asked).toHaveLength(1);
  });

  test("forgets paths the topology does not have any more", async () => {
    const { heartbeat, paths, beat } = world();
    await beat();
    expect(paths.paths.size).toBeGreaterThan(0);
    const trunks = sampleTopology.trunks.filter(({ name }) => name !== "sos");
    heartbeat.follow(compiled({ ...sampleTopology, trunks, emergency: { ...sampleTopology.emergency, trunks: [] } }));
    await beat();
    expect(paths.paths.size).toBe(0);
  });
});
