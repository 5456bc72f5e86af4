import type { FailureCode, Topology } from "@tandem/domain";
import { createLogger } from "@tandem/runtime";
import { describe, expect, test } from "vitest";
import {
  ConfiguredNames,
  createApiMetrics,
  createControllerMetrics,
  createEdgeMetrics,
  createProcessMetrics,
  createRedisMetrics,
  createWorkerMetrics,
  createWorkerTelemetry,
  METRICS,
  metricsPage,
  Registry,
  type EdgeSnapshot,
} from "./index.ts";

const silent = createLogger({ name: "test", level: "silent" });

const quietEdge: EdgeSnapshot = {
  messages: [],
  discarded: {},
  transactions: {},
  failures: {},
  retransmissions: {},
  ackTimeouts: 0,
  connections: {},
  workers: 0,
  workerLosses: {},
  workerFrames: {},
  waiting: {},
  receiveWaitMs: 0,
  redeliveries: 0,
  unserved: [],
  orphans: {},
  draining: false,
  certificateEnds: {},
  captured: {},
};

function names(): ConfiguredNames {
  const configured = new ConfiguredNames();
  configured.configure({ trunks: ["east-1"], pools: ["east"] });
  return configured;
}

describe("label bounds", () => {
  test("a trunk outside the topology counts as other", async () => {
    const registry = new Registry();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    telemetry.postDialDelay("east-1", 200);
    for (let i = 0; i < 100; i += 1) telemetry.postDialDelay(`invented-${i}`, 200);
    const { values } = (await registry.getSingleMetric("tandem_post_dial_delay_seconds")?.get()) ?? { values: [] };
    expect(new Set(values.map((value) => value.labels["trunk"]))).toEqual(new Set(["east-1", "other"]));
  });

  test("a removed trunk counts as other after the next topology", async () => {
    const registry = new Registry();
    const configured = names();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: configured });
    configured.configure({ trunks: [], pools: ["east"] });
    telemetry.callStarted({ pool: "east", ingressTrunk: "east-1" });
    expect(await registry.getSingleMetricAsString("tandem_calls_started_total")).toContain(
      'tandem_calls_started_total{pool="east",ingress_trunk="other"} 1',
    );
  });

  test("an invented method counts as other", async () => {
    const registry = new Registry();
    const flood = { direction: "in", transport: "udp", method: "X-FLOOD-1", kind: "request", count: 7 };
    createEdgeMetrics(registry, () => ({ ...quietEdge, messages: [flood] }));
    expect(await registry.metrics()).toContain(
      'tandem_messages_total{direction="in",transport="udp",method="other",kind="request"} 7',
    );
  });

  test("failure codes stop at the cap", async () => {
    const registry = new Registry();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    for (let i = 0; i < 500; i += 1)
      telemetry.requestRefused({ method: "INVITE", failure: `code-${i}` as FailureCode });
    const { values } = (await registry.getSingleMetric("tandem_refusals_total")?.get()) ?? { values: [] };
    expect(values).toHaveLength(101);
  });
});

describe("worker telemetry", () => {
  test("a call's end counts by whose fault and shows its duration in seconds", async () => {
    const registry = new Registry();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    const call = { pool: "east", ingressTrunk: "east-1", egressTrunk: "east-1", sipCode: 200, emergency: true };
    telemetry.callEnded({ ...call, outcome: "success", durationMs: 2_000 });
    const text = await registry.metrics();
    expect(text).toContain(
      'tandem_calls_total{pool="east",ingress_trunk="east-1",outcome="success",emergency="yes"} 1',
    );
    expect(text).toContain('tandem_call_duration_seconds_sum{pool="east"} 2');
  });

  test("an unanswered call has no duration", async () => {
    const registry = new Registry();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    const call = { pool: "east", ingressTrunk: "east-1", egressTrunk: "", sipCode: 486, emergency: false };
    telemetry.callEnded({ ...call, outcome: "client-error", durationMs: 0 });
    expect(await registry.getSingleMetricAsString("tandem_call_duration_seconds")).not.toContain("_count{");
  });

  test("a log entry reaches the logger with its level and fields", () => {
    const lines: string[] = [];
    const logger = createLogger({ name: "w", level: "info", stream: { write: (line) => void lines.push(line) } });
    createWorkerTelemetry(new Registry(), { logger, pool: "east", names: names() }).log("warn", "trunk full", {
      trunk: "east-1",
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 40, msg: "trunk full", trunk: "east-1" }),
    ]);
  });
});

describe("edge metrics", () => {
  test("every scrape shows the snapshot of its moment, not a sum of snapshots", async () => {
    const registry = new Registry();
    let redeliveries = 2;
    createEdgeMetrics(registry, () => ({
      ...quietEdge,
      redeliveries,
      workers: 3,
      connections: { tcp: 4 },
      unserved: [{ reason: "no-application", method: "INVITE", count: 5 }],
    }));
    const first = await registry.metrics();
    expect(first).toContain("tandem_redeliveries_total 2");
    expect(first).toContain("tandem_workers_connected 3");
    expect(first).toContain('tandem_connections_active{transport="tcp"} 4');
    expect(first).toContain('tandem_unserved_total{reason="no-application",method="INVITE"} 5');
    redeliveries = 3;
    expect(await registry.metrics()).toContain("tandem_redeliveries_total 3");
  });
});

describe("emergency calls", () => {
  test("every outcome of the own pool is shown as 0 before the first call", async () => {
    const registry = new Registry();
    createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    expect(await registry.getSingleMetricAsString("tandem_emergency_calls_total")).toContain(
      'tandem_emergency_calls_total{pool="east",outcome="server-error"} 0',
    );
  });

  test("an ordinary call is none of them", async () => {
    const registry = new Registry();
    const telemetry = createWorkerTelemetry(registry, { logger: silent, pool: "east", names: names() });
    const call = { pool: "east", ingressTrunk: "east-1", egressTrunk: "east-1", sipCode: 503, durationMs: 0 };
    telemetry.callEnded({ ...call, outcome: "server-error", emergency: false });
    telemetry.callEnded({ ...call, outcome: "upstream-error", emergency: true });
    const text = await registry.getSingleMetricAsString("tandem_emergency_calls_total");
    expect(text).toContain('outcome="server-error"} 0');
    expect(text).toContain('outcome="upstream-error"} 1');
  });
});

describe("certificates of TLS listeners", () => {
  test("the end is shown in seconds of Unix time, by listener", async () => {
    const registry = new Registry();
    createEdgeMetrics(registry, () => ({ ...quietEdge, certificateEnds: { "core-tls": 1_800_000_000_500 } }));
    expect(await registry.metrics()).toContain(
      'tandem_certificate_expiry_timestamp_seconds{listener="core-tls"} 1800000000.5',
    );
  });
});

describe("cluster metrics", () => {
  test("a trunk shows where it belongs, its part in emergency calls, and its limit if it has one", async () => {
    const registry = new Registry();
    const metrics = createControllerMetrics(registry, names());
    const trunk = (maxCalls: number): Topology["trunks"][number] =>
      ({
        name: "east-1",
        pool: "east",
        gateway: "carrier-a",
        settings: { maxCalls, enabled: true },
      }) as Topology["trunks"][number];
    const emergency = { trunks: [], preferOwnPool: true, fallbackTrunks: ["east-1"], numbers: [], policies: [] };
    metrics.configured({ trunks: [trunk(30)], gateways: [], emergency } as unknown as Topology);
    expect(await registry.metrics()).toContain(
      'tandem_trunk_info{trunk="east-1",pool="east",gateway="carrier-a",emergency="fallback"} 1',
    );
    expect(await registry.metrics()).toContain('tandem_trunk_limit_calls{trunk="east-1"} 30');
    metrics.trunkHealth([]);
    metrics.trunkLoads(new Map());
    expect(await registry.metrics()).toContain('tandem_trunk_up{trunk="east-1"} -1');
    expect(await registry.metrics()).toContain('tandem_trunk_load_calls{trunk="east-1"} 0');
    metrics.configured({ trunks: [trunk(0)], gateways: [], emergency } as unknown as Topology);
    expect(await registry.metrics()).not.toContain("tandem_trunk_limit_calls{");
  });

  test.each<[string, object, string, string, object]>([
    ["named first", { trunks: ["east-1"] }, "pstn", "first", {}],
    ["named by a policy", { policies: [{ trunks: ["east-1"], fallbackTrunks: [] }] }, "pstn", "first", {}],
    ["to an E9-1-1 provider, named nowhere", {}, "e911", "first", {}],
    ["to an E9-1-1 provider, named as fallback", { fallbackTrunks: ["east-1"] }, "e911", "first", {}],
    ["a policy's fallback", { policies: [{ trunks: [], fallbackTrunks: ["east-1"] }] }, "pstn", "fallback", {}],
    ["named nowhere", {}, "pstn", "none", {}],
    ["to an E9-1-1 provider, switched off", {}, "e911", "none", { enabled: false }],
    ["named first, switched off", { trunks: ["east-1"] }, "pstn", "none", { enabled: false }],
    ["to an E9-1-1 provider, the way in clear of another", {}, "e911", "none", { clearTrunk: "east-1" }],
  ])("a trunk's part in emergency calls: %s", async (_what, named, kind, part, settings) => {
    const registry = new Registry();
    const emergency = { trunks: [], fallbackTrunks: [], policies: [], ...named };
    const trunks = [
      { name: "east-1", pool: "east", gateway: "g", settings: { maxCalls: 0, enabled: true, ...settings } },
    ];
    const topology = { trunks, gateways: [{ name: "g", kind }], emergency } as unknown as Topology;
    createControllerMetrics(registry, names()).configured(topology);
    expect(await registry.metrics()).toContain(`gateway="g",emergency="${part}"} 1`);
  });

  test("members that vanished are counted by role and pool until the list is without them", async () => {
    const registry = new Registry();
    const metrics = createControllerMetrics(registry, names());
    const [worker, controller] = [
      { role: "worker", pool: "east" } as const,
      { role: "controller", pool: null } as const,
    ];
    metrics.membersLost([worker, worker, controller]);
    expect(await registry.metrics()).toContain('tandem_members_lost{role="worker",pool="east"} 2');
    expect(await registry.metrics()).toContain('tandem_members_lost{role="controller",pool=""} 1');
    metrics.membersLost([]);
    expect(await registry.metrics()).not.toContain("tandem_members_lost{");
  });

  test("a trunk that left the board leaves the metric", async () => {
    const registry = new Registry();
    const metrics = createControllerMetrics(registry, names());
    const health = { trunk: "east-1", sinceMs: 0, lastCode: null, failures: 0, successes: 0, reason: "" };
    metrics.trunkHealth([{ ...health, state: "down" }]);
    expect(await registry.metrics()).toContain('tandem_trunk_up{trunk="east-1"} 0');
    metrics.trunkHealth([]);
    expect(await registry.metrics()).not.toContain('tandem_trunk_up{trunk="east-1"}');
  });
});

test("process metrics show the event-loop lag and the process defaults", async () => {
  const registry = new Registry();
  const metrics = createProcessMetrics(registry, { role: "edge", pool: "east", node: "edge-1" });
  try {
    const page = await metricsPage(registry)();
    expect(page.contentType).toContain("text/plain");
    expect(page.body).toContain('tandem_event_loop_lag_seconds{quantile="0.99"} 0');
    expect(page.body).toContain("process_cpu_seconds_total");
    // The library's own figures of the loop are not taken, so they are not shown either.
    expect(page.body).not.toMatch(/nodejs_eventloop_lag_(p50|p99|mean|max)_seconds/);
    expect(page.body).toContain('tandem_process_info{role="edge",pool="east",node="edge-1"} 1');
    expect(metrics.lagMs()).toBe(0);
  } finally {
    metrics.stop();
  }
});

test("each process registers exactly the metrics the catalogue gives it", () => {
  const registries = {
    worker: new Registry(),
    edge: new Registry(),
    controller: new Registry(),
    "control-api": new Registry(),
  };
  createWorkerTelemetry(registries.worker, { logger: silent, pool: "east", names: names() });
  createWorkerMetrics(registries.worker, { names: names(), maxSetups: 2_000, drainUsed: () => 0 });
  createEdgeMetrics(registries.edge, () => quietEdge);
  createControllerMetrics(registries.controller, names());
  createApiMetrics(registries["control-api"], names());
  for (const role of ["worker", "controller", "control-api"] as const) createRedisMetrics(registries[role]);
  for (const [role, registry] of Object.entries(registries)) {
    const expected = Object.entries(METRICS)
      .filter(([, { process }]) =>
        typeof process === "string" ? process === role : (process as readonly string[]).includes(role),
      )
      .map(([name]) => name);
    expect(
      registry
        .getMetricsAsArray()
        .map((metric) => metric.name)
        .sort(),
    ).toEqual(expected.sort());
  }
});
