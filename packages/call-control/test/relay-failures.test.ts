import { describe, expect, test } from "vitest";
import type { FakeWorld } from "../src/testing/index.ts";
import { answerTo, arriving, last, settle, type FakeWorker } from "../src/testing/index.ts";
import {
  OTHER_RELAY,
  RELAY,
  answer,
  answered,
  fromCalled,
  inDialog,
  noted,
  sentTo,
  stored,
  told,
  world,
} from "./desk-calls.ts";

describe("a relay that fails", () => {
  test("before the call: another one serves, and it is left alone for a while", async () => {
    const { made, worker } = await world([RELAY, OTHER_RELAY]);
    made.media.away.add(RELAY);
    const call = await answered(made, worker);
    await call.acknowledge();
    expect(stored(made, call.callId)?.desk?.relay).toBe(OTHER_RELAY);
    expect(sentTo(worker, "desk")).toHaveLength(1);
  });

  test("before the call, and there is no other: it goes as any other call, without the desk", async () => {
    const { made, worker } = await world();
    made.media.away.add(RELAY);
    const call = await answered(made, worker);
    await call.acknowledge();
    expect(last(sentTo(worker, "psap")).message.body).toContain("c=IN IP4 192.0.2.10");
    expect(sentTo(worker, "desk")).toEqual([]);
    expect(told(worker)).toEqual(["desk no-relay"]);
    expect(noted(made, call.callId)).toEqual(["no-relay"]);
  });

  test("at the answer: the peers are told of each other when they can be, and there is no desk", async () => {
    const { made, worker } = await world();
    made.media.answer = () => Promise.reject(new Error("a fault"));
    const call = await answered(made, worker);
    expect(call.ok.body).toContain("c=IN IP4 192.0.2.10");
    await call.acknowledge();
    const again = last(sentTo(worker, "psap")).message;
    expect(again.get("To")).toContain("tag=psap");
    expect(again.body).toContain("c=IN IP4 192.0.2.10");
    expect(sentTo(worker, "desk")).toEqual([]);
    expect(told(worker)).toEqual(["desk relay-lost"]);
    expect(noted(made, call.callId)).toEqual(["relay-lost"]);
  });

  test("in the middle of the call: within 5 s both sides talk to each other", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 486);
    made.media.forget();
    await made.clock.advance(6_500);
    const again = last(sentTo(worker, "psap")).message;
    expect(again.body).toContain("c=IN IP4 192.0.2.10");
    await answer(worker, "psap", 200);
    await made.clock.advance(2_500);
    const toCaller = last(
      worker.sip.requests("INVITE").filter(({ message }) => message.uri.includes("192.0.2.10")),
    ).message;
    expect(toCaller.body).toContain("c=IN IP4 192.0.2.10");
    expect(stored(made, call.callId)?.phase).toBe("up");
    expect(told(worker).filter((line) => line === "desk relay-lost")).toHaveLength(1);
    expect(noted(made, call.callId)).toEqual(["called", "refused 486", "relay-lost"]);
  });
});

describe("a relay that does not answer in the middle of a call", () => {
  /** Both talk, and the look that is due in 5 s finds the relay silent. */
  async function silent() {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    made.media.away.add(RELAY);
    const invites = sentTo(worker, "psap").length;
    await made.clock.advance(5_500);
    return { made, worker, call, moved: () => sentTo(worker, "psap").length > invites };
  }
  const lost = (worker: FakeWorker) => told(worker).filter((line) => line === "desk relay-lost");

  test.each([
    ["once", 0],
    ["twice", 1_000],
  ] as const)("%s is asked again, and nobody is told of anything", async (_, moreMs) => {
    const { made, worker, moved } = await silent();
    await made.clock.advance(moreMs);
    made.media.away.clear();
    await made.clock.advance(60_000);
    expect(moved()).toBe(false);
    expect(lost(worker)).toEqual([]);
  });

  test("three times in a row is gone: both sides talk to each other", async () => {
    const { made, worker, moved } = await silent();
    await made.clock.advance(1_500);
    expect(moved()).toBe(false);
    await made.clock.advance(1_500);
    expect(moved()).toBe(true);
    expect(last(sentTo(worker, "psap")).message.body).toContain("c=IN IP4 192.0.2.10");
    expect(lost(worker)).toHaveLength(1);
  });

  test("is not asked any more when the call ends meanwhile", async () => {
    const { made, worker, call } = await silent();
    worker.engine.onRequest(arriving(inDialog("BYE", call.ok, 2)));
    await settle();
    for (const peer of ["psap", "desk"] as const) {
      const bye = last(sentTo(worker, peer, "BYE"));
      bye.answer(answerTo(bye.message, 200));
      await settle();
    }
    await made.clock.advance(10_000);
    expect(lost(worker)).toEqual([]);
  });
});

describe("a bug beside the call", () => {
  const bug = () => Promise.reject(new Error("about +12125550100"));
  /** It is told of, without what it says; the emergency call never notices. */
  function unharmed({ made, worker, callId }: { made: FakeWorld; worker: FakeWorker; callId: string }): void {
    const lines = worker.telemetry.logged.filter(({ message }) => message === "work beside a call failed");
    expect(lines).toMatchObject([{ level: "error", fields: { callId, error: "Error" } }]);
    expect(JSON.stringify(lines)).not.toContain("12125550100");
    expect(stored(made, callId)?.phase).toBe("up");
  }

  test("as the desk is to be called: it is not", async () => {
    const { made, worker } = await world();
    made.media.copy = bug;
    const call = await answered(made, worker);
    await call.acknowledge();
    expect(sentTo(worker, "desk")).toEqual([]);
    unharmed({ made, worker, callId: call.callId });
  });

  test("as the desk answered: it would hear nothing, and its leg ends", async () => {
    const { made, worker } = await world();
    made.media.acceptCopy = bug;
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    expect(sentTo(worker, "desk", "BYE")).toHaveLength(1);
    unharmed({ made, worker, callId: call.callId });
  });

  test("as the desk sends a re-INVITE: that gets 500", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    made.media.copy = bug;
    const again = arriving(fromCalled(worker, "desk", "INVITE"), { listener: "outside" });
    worker.engine.onRequest(again);
    await made.clock.advance(100);
    expect(worker.sip.statuses(again.transaction.id)).toContain(500);
    unharmed({ made, worker, callId: call.callId });
  });
});
