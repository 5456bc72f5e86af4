import { describe, expect, test } from "vitest";
import { TopologyInForce } from "../src/live/topology-in-force.ts";
import { LiveState } from "../src/live/live-state.ts";
import {
  answerTo,
  arriving,
  compileJson,
  FakeTelemetry,
  FakeWorld,
  peer,
  requestFrom,
  sampleTopology,
  settle,
} from "../src/testing/index.ts";

function portsOf({ topology, topologyCache, names, clock, store, health }: FakeWorld) {
  return { topology, topologyCache, names, clock, store, health, telemetry: new FakeTelemetry() };
}

describe("gateway names", () => {
  const named = {
    ...sampleTopology,
    gateways: sampleTopology.gateways.map((gateway) =>
      gateway.name === "core" ? { ...gateway, address: "core.example" } : gateway,
    ),
  };

  test("are resolved, and the addresses identify the ingress trunk", async () => {
    const world = new FakeWorld(named);
    world.names.names.set("core.example", ["192.0.2.77"]);
    const worker = await world.worker();
    await settle();
    worker.engine.onRequest(
      arriving(requestFrom({ method: "OPTIONS", uri: "sip:192.0.2.1" }), { source: peer("192.0.2.77") }),
    );
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([200]);
  });

  test("are resolved again every 30 s, so a gateway may move", async () => {
    const world = new FakeWorld(named);
    world.names.names.set("core.example", ["192.0.2.77"]);
    const worker = await world.worker();
    await world.clock.advance(1_000);
    world.names.names.set("core.example", ["192.0.2.78"]);
    await world.clock.advance(30_000);
    worker.engine.onRequest(
      arriving(requestFrom({ method: "OPTIONS", uri: "sip:192.0.2.1" }), { source: peer("192.0.2.78") }),
    );
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([200]);
  });
});

test("a worker that starts while the topology source is away takes what it knew last, and then what is newer", async () => {
  const world = new FakeWorld(null);
  await world.topologyCache.write({ version: 7, json: JSON.stringify(sampleTopology), author: "a", atMs: 1 });
  let away = true;
  const watch = world.topology.watch.bind(world.topology);
  world.topology.watch = (listener) =>
    away ? Promise.resolve({ ok: false, error: { code: "store-unavailable", detail: "" } }) : watch(listener);
  const inForce = new TopologyInForce(portsOf(world), compileJson, () => undefined);
  await inForce.start();
  expect(inForce.current?.version).toBe(7);
  world.topology.put(JSON.stringify(sampleTopology));
  await world.topology.publish({ json: JSON.stringify(sampleTopology), author: "b", atMs: 2 }, 1);
  away = false;
  await world.clock.advance(1_000);
  expect(inForce.current?.version).toBe(2);
  expect(world.topologyCache.kept).toMatchObject({ version: 2, author: "b" });
  await inForce.stop();
});

test("a topology source that is away is asked again", async () => {
  const world = new FakeWorld(null);
  const watch = world.topology.watch.bind(world.topology);
  let away = true;
  world.topology.watch = (listener) =>
    away ? Promise.resolve({ ok: false, error: { code: "store-unavailable", detail: "" } }) : watch(listener);
  const inForce = new TopologyInForce(portsOf(world), compileJson, () => undefined);
  await inForce.start();
  world.topology.put(JSON.stringify(sampleTopology));
  expect(inForce.current).toBeNull();
  away = false;
  await world.clock.advance(1_000);
  expect(inForce.current?.version).toBe(1);
  await inForce.stop();
});

describe("live state", () => {
  test("loads are a second old at most, and stay while the store is away", async () => {
    const world = new FakeWorld();
    const live = new LiveState(portsOf(world), { refusal: () => null, closed: () => null });
    live.start();
    await settle();
    await world.store.create({ callId: "c", document: "{}", deadlineMs: Infinity, trunks: ["pstn-1"] });
    expect(live.forCallsUnderWay.trunkLoad("pstn-1")).toBe(0);
    await world.clock.advance(1_000);
    expect(live.forCallsUnderWay.trunkLoad("pstn-1")).toBe(1);
    world.store.away = true;
    await world.clock.advance(5_000);
    expect(live.forCallsUnderWay.trunkLoad("pstn-1")).toBe(1);
    await live.stop();
  });

  test("a change of health counts at once, an unknown trunk is unknown", async () => {
    const world = new FakeWorld();
    const live = new LiveState(portsOf(world), { refusal: () => null, closed: () => null });
    live.start();
    await settle();
    const health = { sinceMs: 0, lastCode: null, failures: 5, successes: 0, reason: "probe" };
    await world.health.set({ ...health, trunk: "pstn-1", state: "down" }, 1);
    expect([live.forCallsUnderWay.trunkState("pstn-1"), live.forCallsUnderWay.trunkState("pstn-2")]).toEqual([
      "down",
      "unknown",
    ]);
    await live.stop();
  });
});

describe("probes", () => {
  const probe = { id: "p1", trunk: "pstn-1", pool: "east", timeoutMs: 4_000 };

  test("an OPTIONS goes to the trunk's gateway from its listener; any final answer counts", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.sip.peer = (sent) => void world.clock.after(30, () => sent.answer(answerTo(sent.message, 503)));
    const asked = world.probes.request(probe);
    await world.clock.advance(30);
    expect(await asked).toEqual({
      ok: true,
      value: { id: "p1", trunk: "pstn-1", outcome: "answered", code: 503, roundTripMs: 30 },
    });
    expect(worker.sip.sent[0]?.message.uri).toBe("sip:198.51.100.1:5060");
    expect(worker.sip.sent[0]?.request).toMatchObject({ pool: "east", listener: "outside", timeoutMs: 4_000 });
  });

  test.each([
    ["silence is a timeout", {}, "timeout"],
    ["no edge is unreachable", { refuse: true }, "unreachable"],
    ["a trunk the topology does not know is unreachable", { trunk: "nowhere" }, "unreachable"],
  ])("%s", async (_name, change: { refuse?: boolean; trunk?: string }, outcome) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    if (change.refuse === true) worker.sip.refusal = { code: "edge-unavailable", detail: "" };
    const asked = world.probes.request({ ...probe, trunk: change.trunk ?? probe.trunk });
    await world.clock.advance(4_000);
    expect(await asked).toMatchObject({ ok: true, value: { outcome, code: null } });
  });

  test("a draining worker leaves probes to the others", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await worker.engine.drain();
    await world.probes.request(probe);
    expect(worker.sip.sent).toHaveLength(0);
  });
});

describe("what the controller asks of a worker", () => {
  test("is taken once there is a topology: before it no trunk could be walked", async () => {
    const world = new FakeWorld();
    const read = Promise.withResolvers<void>();
    const current = world.topology.current.bind(world.topology);
    world.topology.current = () => read.promise.then(current);
    const starting = world.worker();
    await settle();
    const errand = { id: "1", pool: "east", trunk: "pstn-1", timeoutMs: 1_000, task: { kind: "options" } } as const;
    expect(await world.errands.request(errand)).toMatchObject({ ok: false, error: { code: "worker-lost" } });
    read.resolve();
    const worker = await starting;
    const walked = world.errands.request(errand);
    await settle();
    expect(worker.sip.requests("OPTIONS")).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(await walked).toMatchObject({ ok: true, value: { outcome: "timeout" } });
  });
});
