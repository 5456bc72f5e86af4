import { describe, expect, test } from "vitest";
import { DEFAULT_ADMISSION, ordinaryRefusal } from "../src/live/admission.ts";
import { CallRate } from "../src/live/call-rate.ts";
import { arriving, FakeWorld, requestFrom, settle } from "../src/testing/index.ts";

describe("admission of ordinary calls", () => {
  const noWait = { receiveMs: 0, lineMs: 0, callsPerSecond: 800 };
  const calm = { draining: false, storeAway: false, setups: 0, lagMs: 0, wait: noWait, callsPerSecond: 200 };
  test.each([
    ["an idle worker takes them", calm, null],
    ["a draining worker refuses", { ...calm, draining: true }, "draining"],
    ["without the store they are refused", { ...calm, storeAway: true }, "store-unavailable"],
    ["too many set-ups at once is overload", { ...calm, setups: 2_000 }, "overload"],
    ["a late event loop is overload", { ...calm, lagMs: 501 }, "overload"],
  ] as const)("%s", (_name, state, expected) => {
    expect(ordinaryRefusal("c1", state, DEFAULT_ADMISSION)).toBe(expected);
  });

  const few = 20;
  test.each([
    ["all are taken while messages hardly wait", { receiveMs: 120, lineMs: 120 }, {}, 0],
    ["half of them at three quarters of the limit", { receiveMs: 200, lineMs: 175 }, {}, 500],
    ["none at the limit", { receiveMs: 500 }, {}, 1_000],
    ["what waits for the edge is of all its calls, however few this worker gets", { receiveMs: 500 }, { few }, 1_000],
    ["a few calls are not what the edge is busy with", { receiveMs: 500, callsPerSecond: 99 }, {}, 0],
    ["a few calls are not what this worker is busy with", { lineMs: 500 }, { few }, 0],
    ["an edge that does not tell: those that come here", { receiveMs: 500, callsPerSecond: null }, { few }, 0],
    ["an edge that does not tell, and many come here", { receiveMs: 500, callsPerSecond: null }, {}, 1_000],
  ] as const)("%s", (_name, wait, world: { few?: number }, refused) => {
    const state = { ...calm, wait: { ...noWait, ...wait }, callsPerSecond: world.few ?? calm.callsPerSecond };
    const calls = Array.from({ length: 1_000 }, (_, call) => `call-${call}`);
    const answers = calls.map((call) => ordinaryRefusal(call, state, DEFAULT_ADMISSION));
    const count = answers.filter((answer) => answer === "overload").length;
    expect(Math.abs(count - refused)).toBeLessThan(refused === 500 ? 60 : 1);
    expect(calls.map((call) => ordinaryRefusal(call, state, DEFAULT_ADMISSION))).toEqual(answers);
  });

  test("counts for the edge that a call came by, however often anybody asks; emergency calls are taken", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.load.waits.set("full", { receiveMs: 5_000, lineMs: 0, callsPerSecond: 800 });
    const invite = (edge: string, number: string): void => {
      const id = `${edge}-${number}`;
      const message = requestFrom({ uri: `sip:${number}@192.0.2.1`, callId: id, branch: `z9hG4bK-${id}` });
      worker.engine.onRequest(arriving(message, { transaction: { edge, id } }));
    };
    for (const edge of ["full", "idle"]) for (const number of ["12025550123", "911"]) invite(edge, number);
    await settle();
    const refused = worker.sip.responses.filter(({ message }) => message.status === 503);
    expect(refused.map(({ transaction }) => transaction.id)).toEqual(["full-12025550123"]);
    expect(worker.sip.sent.map(({ message }) => message.method)).toEqual(["INVITE", "INVITE", "INVITE"]);
  });

  test("OPTIONS neither count as calls nor are refused for load", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.load.wait = { receiveMs: 5_000, lineMs: 0, callsPerSecond: null };
    const ask = (method: string, call: number): void => {
      const sketch = { method, callId: `${method}-${call}`, branch: `z9hG4bK-${method}-${call}` };
      worker.engine.onRequest(
        arriving(requestFrom(sketch), { transaction: { edge: "edge-1", id: `${method}-${call}` } }),
      );
    };
    for (let call = 0; call < 200; call += 1) ask("OPTIONS", call);
    ask("INVITE", 0);
    await settle();
    expect(new Set(worker.sip.responses.map(({ message }) => message.status))).not.toContain(503);
    expect(worker.sip.sent).toHaveLength(1);
  });
});

describe("the rate of calls", () => {
  test("is that of this second or the one before, whichever is more, and gone a second later", () => {
    const rate = new CallRate();
    for (let call = 0; call < 7; call += 1) rate.count(10_000 + call);
    rate.count(11_000);
    expect([rate.at(11_999), rate.at(12_000), rate.at(14_000)]).toEqual([7, 1, 0]);
  });
});
