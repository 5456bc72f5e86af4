import { ok } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import type { NotificationHandler, NotificationQueue } from "../ports/index.ts";
import { FakeCallbackBook } from "../testing/fake-callback-book.ts";
import { FakeCallStore } from "../testing/fake-call-store.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeTopologyRegistry } from "../testing/fake-cluster-state.ts";
import {
  FakeControllerObserver,
  FakeDetailRecordSink,
  FakeDetailRecordStream,
  FakeGateLedger,
  FakeLeaderLease,
  FakeProbeSchedule,
  ForgettingHealthBoard,
  ScriptedProbes,
} from "../testing/fake-controller-ports.ts";
import {
  FakeEmergencyPathBoard,
  FakeEmergencyRecordBook,
  FakeNoticeLog,
  FakeNotificationBook,
} from "../testing/fake-emergency-books.ts";
import { FakeWorkerErrands } from "../testing/fake-worker-errands.ts";
import { sampleNotice } from "../testing/sample-notice.ts";
import { compileJson, sampleTopology } from "../testing/sample-topology.ts";
import { createController, type ControllerPorts } from "./controller.ts";

/** Counts who works its jobs. */
class CountedQueue implements NotificationQueue {
  readonly working = new Set<NotificationHandler>();
  add: NotificationQueue["add"] = () => Promise.resolve(ok(undefined));
  run: NotificationQueue["run"] = (handler) => {
    this.working.add(handler);
    return Promise.resolve(
      ok(() => {
        this.working.delete(handler);
        return Promise.resolve();
      }),
    );
  };
}

function world(change: Partial<ControllerPorts> = {}) {
  const clock = new FakeClock();
  const queue = new CountedQueue();
  const topology = new FakeTopologyRegistry();
  const controller = createController(
    {
      clock,
      queue,
      topology,
      topologyFile: null,
      observer: new FakeControllerObserver(),
      lease: new FakeLeaderLease(clock),
      board: new ForgettingHealthBoard(),
      membership: { lost: () => Promise.resolve(ok([])) },
      probes: new ScriptedProbes(),
      schedule: new FakeProbeSchedule(),
      store: Object.assign(new FakeCallStore(), { existing: () => Promise.resolve(ok(new Set<string>())) }),
      gate: new FakeGateLedger(),
      callbacks: new FakeCallbackBook(),
      details: new FakeDetailRecordStream(),
      sinks: [],
      emergencies: new FakeDetailRecordStream(),
      records: new FakeEmergencyRecordBook(),
      emergencySinks: [],
      notices: new FakeNoticeLog(),
      notifications: new FakeNotificationBook(),
      channels: [],
      errands: new FakeWorkerErrands(),
      paths: new FakeEmergencyPathBoard(),
      deadLetters: [],
      deliveries: [],
      ...change,
    },
    { nodeId: "c1", leaseMs: 3_000, sweepGraceMs: 1_000, compile: compileJson, onTopology: () => undefined },
  );
  return { clock, queue, topology, controller };
}

describe("a leader without a topology", () => {
  it("leaves the jobs of notifications alone, for each look would be one of their tries, and works them from the first topology on", async () => {
    const { clock, queue, topology, controller } = world();
    await controller.start();
    await clock.advance(60_000);
    expect(controller.facts()).toEqual({ leader: true, topologyKnown: false });
    expect(queue.working.size).toBe(0);
    topology.put(JSON.stringify(sampleTopology));
    await settle();
    await clock.advance(1_000);
    expect(controller.facts().topologyKnown).toBe(true);
    expect(queue.working.size).toBe(1);
    await controller.stop();
    expect(queue.working.size).toBe(0);
  });
});

describe("a sink of ordinary records that hangs", () => {
  it("holds up no emergency record and nobody who is to be told of an emergency call", async () => {
    const hanging = new FakeDetailRecordSink("file");
    hanging.take = () => new Promise(() => undefined);
    const emergency = new FakeDetailRecordSink("emergency-file");
    const [details, emergencies] = [new FakeDetailRecordStream(), new FakeDetailRecordStream()];
    const [notices, notifications] = [new FakeNoticeLog(), new FakeNotificationBook()];
    const ports = { details, emergencies, notices, notifications, sinks: [hanging], emergencySinks: [emergency] };
    const { clock, topology, controller } = world(ports);
    topology.put(JSON.stringify(sampleTopology));
    const record = { shard: 0, streamId: "1-0", json: JSON.stringify({ callId: "c1", startMs: 1 }) };
    details.owed = [{ ...record, id: "c1", kind: "call" }];
    await controller.start();
    await clock.advance(60_000);
    emergencies.owed = [{ ...record, id: "c1-emergency", kind: "emergency" }];
    await notices.append(sampleNotice());
    await clock.advance(1_000);
    expect(emergency.taken).toEqual(["c1-emergency"]);
    expect(notifications.notices.has("c1")).toBe(true);
    expect(details.owed).toHaveLength(1);
  });
});
