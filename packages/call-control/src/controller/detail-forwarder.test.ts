import { describe, expect, it } from "vitest";
import type { StreamedRecord } from "../ports/index.ts";
import {
  FakeControllerObserver,
  FakeDetailRecordSink,
  FakeDetailRecordStream,
} from "../testing/fake-controller-ports.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { forwardDetails } from "./detail-forwarder.ts";
import { roundOf } from "../testing/round-of.ts";

const records = (...ids: readonly string[]): readonly StreamedRecord[] =>
  ids.map((id, index) => ({ shard: 0, streamId: `${index + 1}-0`, id, kind: "call", json: "{}" }));

function world(sinks: readonly FakeDetailRecordSink[], mayDeliver: () => boolean = () => true) {
  const details = new FakeDetailRecordStream();
  const observer = new FakeControllerObserver();
  const forwarder = forwardDetails({ details, sinks, observer, clock: new FakeClock() }, mayDeliver);
  return { details, observer, round: () => roundOf(forwarder) };
}

describe("detail records", () => {
  it("read by a leader that was frozen since are left to its successor", async () => {
    const sink = new FakeDetailRecordSink("file");
    let leads = true;
    const { details, round } = world([sink], () => leads);
    details.owed = records("a");
    const reading = round();
    leads = false;
    expect(await reading).toBe("rest");
    expect(sink.taken).toEqual([]);
    expect(details.owed).toHaveLength(1);
  });

  it("go to every sink in order and are acknowledged then", async () => {
    const sinks = [new FakeDetailRecordSink("file"), new FakeDetailRecordSink("webhook")];
    const { details, round } = world(sinks);
    details.owed = records("a", "b", "c");
    expect(await round()).toBe("again");
    for (const sink of sinks) expect(sink.taken).toEqual(["a", "b", "c"]);
    expect(details.owed).toEqual([]);
    expect(await round()).toBe("rest");
  });

  it("stay in the stream while one sink does not take them, and are complained about once", async () => {
    const file = new FakeDetailRecordSink("file");
    const webhook = new FakeDetailRecordSink("webhook");
    const { details, round, observer } = world([file, webhook]);
    details.owed = records("a");
    webhook.away = true;
    await round();
    expect(await round()).toBe("rest");
    expect(details.owed).toHaveLength(1);
    webhook.away = false;
    await round();
    expect(details.owed).toEqual([]);
    expect([file.taken, webhook.taken]).toEqual([["a"], ["a"]]);
    expect(observer.told.filter((line) => line.startsWith("error:"))).toHaveLength(1);
    expect(observer.told).toContain("info: detail records flow again");
  });

  it("that cannot be read are set aside, and spoil no batch of others", async () => {
    const webhook = new FakeDetailRecordSink("webhook");
    const { details, round, observer } = world([webhook]);
    const [a, b, c, d] = records("a", "b", "", "d");
    details.owed = [a!, { ...b!, json: '{"calledNumber":"+12125550100' }, c!, d!];
    expect(await round()).toBe("again");
    expect(webhook.taken).toEqual(["a", "d"]);
    expect(details.owed).toEqual([]);
    expect(details.spoilt.map(({ id }) => id)).toEqual(["b", ""]);
    expect(observer.told).toContain("records aside failed 2");
    expect(observer.told).toContain("records webhook delivered 2");
    expect(observer.told.filter((line) => line.startsWith("error:"))).toHaveLength(1);
  });

  it("are counted as lost where no sink is configured", async () => {
    const { details, round, observer } = world([]);
    details.owed = records("a", "b");
    await round();
    expect(details.owed).toEqual([]);
    expect(observer.told).toContain("records none failed 2");
  });
});
