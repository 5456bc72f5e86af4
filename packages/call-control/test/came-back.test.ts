import { describe, expect, test } from "vitest";
import { withHeaders, withUri } from "@tandem/sip";
import {
  arriving,
  FakeWorld,
  last,
  peer,
  requestFrom,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type RequestSketch,
} from "../src/testing/index.ts";

async function arrives(worker: FakeWorker, request: ReturnType<typeof arriving>): Promise<readonly number[]> {
  worker.engine.onRequest(request);
  await settle();
  return worker.sip.statuses(request.transaction.id);
}

const invite = (worker: FakeWorker, sketch: RequestSketch = {}) => arrives(worker, arriving(requestFrom(sketch)));

/** What the worker sent last, as a peer sends it back, by another way each time. */
function sentBack(worker: FakeWorker, turn = 1) {
  const sent = last(worker.sip.requests("INVITE")).message;
  const back = withHeaders(sent, (edit) => void edit.set("Via", `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK-back${turn}`));
  return arriving(back, { source: peer("198.51.100.1"), listener: "outside" });
}

function retargeted(worker: FakeWorker, uri: string) {
  const { message, ...rest } = sentBack(worker);
  return { ...rest, message: withUri(message, uri) };
}

describe("our own INVITE that a peer sends back", () => {
  test.each([
    ["to this worker", "<sip:12025550123@192.0.2.1>", true],
    ["to another worker", "<sip:12025550123@192.0.2.1>", false],
    ["to this worker, whose To names somebody else", "<sip:12025550177@192.0.2.1>", true],
    ["to another worker, whose To names somebody else", "<sip:12025550177@192.0.2.1>", false],
  ])("as it was, %s, is a loop", async (_, to, isSame) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { to });
    const taker = isSame ? worker : await world.worker();
    expect(await arrives(taker, sentBack(worker))).toEqual([482]);
  });

  test.each([
    ["for another number", "sip:12025550124@192.0.2.1"],
    ["for the same number at another host", "sip:12025550123@proxy.example"],
  ])("%s is a spiral and goes on (RFC 3261 §16.3)", async (_, uri) => {
    const world = new FakeWorld(withTrunkSettings("pstn-1", { usages: ["out"] }));
    const worker = await world.worker();
    await invite(worker);
    expect(await arrives(worker, retargeted(worker, uri))).not.toContain(482);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });
});

describe("a call for help that a peer sends back", () => {
  test("is served, as it may come out elsewhere from there, and waits for no store", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    world.store.hold = (operation) => (operation === "load" ? new Promise<void>(() => undefined) : Promise.resolve());
    expect(await arrives(worker, sentBack(worker))).not.toContain(482);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  test("again and again, is ended by the marks of its path, so that the next way out is tried", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    await arrives(worker, sentBack(worker));
    expect(await arrives(worker, sentBack(worker, 2))).toEqual([482]);
  });
});
