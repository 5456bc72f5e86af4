import { ok } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import type { StreamedRecord } from "../ports/index.ts";
import {
  FakeControllerObserver,
  FakeDetailRecordSink,
  FakeDetailRecordStream,
} from "../testing/fake-controller-ports.ts";
import { FakeNotificationBook } from "../testing/fake-emergency-books.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { roundOf } from "../testing/round-of.ts";
import { forwardEmergencyRecords } from "./emergency-record-forwarder.ts";

const record = (id: string, json = JSON.stringify({ callId: id, startMs: 1 })): StreamedRecord => ({
  shard: 0,
  streamId: `${id.codePointAt(0) ?? 0}-0`,
  id,
  kind: "emergency",
  json,
});

function world() {
  const emergencies = new FakeDetailRecordStream();
  const sink = new FakeDetailRecordSink("file");
  const observer = new FakeControllerObserver();
  const kept: string[] = [];
  const records = {
    put: ({ callId }: { readonly callId: string }) => Promise.resolve(ok(void kept.push(callId))),
    get: () => Promise.resolve(ok(null)),
    list: () => Promise.resolve(ok([])),
  };
  const notifications = new FakeNotificationBook();
  const clock = new FakeClock();
  const ports = { emergencies, records, notifications, emergencySinks: [sink], observer, clock };
  const forwarder = forwardEmergencyRecords(ports, () => true);
  return { emergencies, sink, observer, clock, kept, round: () => roundOf(forwarder) };
}

describe("emergency records", () => {
  it.each([
    ["is no JSON", '{"callId":"+12125550100'],
    ["is empty", ""],
    ["is no object", "null"],
    ["says no call", '{"startMs":1}'],
  ])("what %s is set aside, told once without what it says, and the others are delivered", async (_, json) => {
    const { emergencies, sink, observer, kept, round } = world();
    emergencies.owed = [record("a"), record("b", json), record("c")];
    expect(await round()).toBe("again");
    expect(await round()).toBe("rest");
    expect([sink.taken, kept]).toEqual([
      ["a", "c"],
      ["a", "c"],
    ]);
    expect(emergencies.owed).toEqual([]);
    expect(emergencies.spoilt).toMatchObject([{ id: "b", json }]);
    expect(observer.told.filter((line) => line.startsWith("error:"))).toEqual([
      "error: emergency records cannot be read and are set aside",
    ]);
    expect(observer.told).toContain("emergency records aside failed 1");
  });

  it("of another release are delivered though they say no time", async () => {
    const { emergencies, sink, kept, round } = world();
    emergencies.owed = [record("7", '{"callId":"x","more":{}}')];
    await round();
    expect([sink.taken, kept]).toEqual([["7"], ["x"]]);
    expect(emergencies.spoilt).toEqual([]);
  });

  it("go on where what is no record cannot be set aside", async () => {
    const { emergencies, sink, observer, round } = world();
    emergencies.owed = [record("b", "{"), record("c")];
    emergencies.stuck = true;
    await round();
    expect(await round()).toBe("rest");
    expect(sink.taken).toEqual(["c"]);
    expect(emergencies.owed).toMatchObject([{ id: "b" }]);
    expect(observer.told).not.toContain("emergency records aside failed 1");
  });
});
