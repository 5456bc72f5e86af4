import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, requestFrom, settle } from "../src/testing/index.ts";
import { topology, established, calleeRefers, heir } from "./emergency-transfer-steps.ts";

describe("an ordinary call transferred to an emergency number is an emergency call", () => {
  test("a location service that hangs delays it by its bound only", async () => {
    const world = new FakeWorld(topology({ sites: [] }));
    world.locations = { locate: () => new Promise(() => undefined) };
    const call = await established(world);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    expect(call.worker.sip.requests("INVITE")).toHaveLength(1);
    await world.clock.advance(600);
    expect(last(call.worker.sip.requests("INVITE")).message.uri).toContain("911@203.0.113.9");
  });

  test("whoever hangs up meanwhile is called no more, and the window of his callback begins to run", async () => {
    const world = new FakeWorld(topology({ sites: [] }));
    world.locations = { locate: () => new Promise(() => undefined) };
    const call = await established(world);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    const bye = arriving(requestFrom({ method: "BYE", cseq: 20, to: call.ok.get("To") ?? "", body: "" }));
    call.worker.engine.onRequest(bye);
    await settle();
    for (const sent of call.worker.sip.requests("BYE")) sent.answer(answerTo(sent.message, 200));
    await settle();
    await world.clock.advance(1_000);
    expect(call.worker.sip.requests("INVITE")).toHaveLength(1);
    const found = await world.callbacks.find("+12025550100", world.clock.now());
    expect(found.ok && found.value).not.toBeNull();
    const later = await world.callbacks.find("+12025550100", world.clock.now() + 1_800_000);
    expect(later.ok && later.value).toBeNull();
  });

  test("limits, drain and a place that is taken do not hold it up", async () => {
    const plain = topology();
    const trunks = plain.trunks.map((trunk) =>
      trunk.name === "sos" ? { ...trunk, settings: { ...trunk.settings, maxCalls: 1 } } : trunk,
    );
    const world = new FakeWorld({ ...plain, trunks });
    world.gate.leases.set("sos", new Map([["another", Infinity]]));
    const call = await established(world);
    call.worker.engine.setDraining(true);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    await world.clock.advance(500);
    expect(last(call.worker.sip.requests("INVITE")).message.uri).toContain("911@203.0.113.9");
  });

  test("a full trunk that it comes by itself ends nobody, least of all itself", async () => {
    const plain = topology({ fallbackTrunks: [], screeningNumber: null });
    const trunks = plain.trunks.map((trunk) =>
      trunk.name === "pstn-1" ? { ...trunk, settings: { ...trunk.settings, maxCalls: 1 } } : trunk,
    );
    const world = new FakeWorld({ ...plain, trunks });
    const call = await established(world);
    expect(world.gate.held("pstn-1")).toBe(1);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    for (let at = 0; at < 3; at += 1) {
      const invite = last(call.worker.sip.requests("INVITE"));
      if (invite.message.uri.includes("198.51.100.1")) break;
      invite.answer(answerTo(invite.message, 503, `psap-${at}`));
      await settle();
      await world.clock.advance(300);
    }
    expect(last(call.worker.sip.requests("INVITE")).message.uri).toBe("sip:911@198.51.100.1:5060");
    expect(call.worker.sip.requests("BYE")).toHaveLength(0);
    expect(world.gate.seized.get("pstn-1")?.size).toBe(1);
    expect(world.gate.held("pstn-1")).toBe(0);
  });

  test("a worker that dies while a way is tried: another one tries the next within seconds", async () => {
    const world = new FakeWorld(topology());
    const call = await established(world);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    const first = last(call.worker.sip.requests("INVITE"));
    const second = await heir(world, 20_000);
    const [next] = second.sip.requests("INVITE");
    expect(next?.message.uri).toContain("911@198.51.100.2");
    expect(next?.message.get("Priority")).toBe("emergency");
    expect(first.message.uri).toContain("911@203.0.113.9");
  });

  test("a worker that dies before it knows a way: another one finds out, within seconds", async () => {
    const world = new FakeWorld(topology({ sites: [] }));
    world.locations = { locate: () => new Promise(() => undefined) };
    const call = await established(world);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    const second = await heir(world, 8_000);
    expect(second.sip.requests("INVITE")[0]?.message.uri).toContain("911@203.0.113.9");
  });

  test("a worker that takes long to find out a way, but lives, is not asked for it twice", async () => {
    const world = new FakeWorld(topology());
    const call = await established(world);
    const load = world.store.load.bind(world.store);
    const asked: string[] = [];
    world.store.load = (callId) => {
      if (world.store.rows.has(callId)) return load(callId);
      asked.push(callId);
      return new Promise(() => undefined);
    };
    const other = "b".repeat(26);
    await calleeRefers(call, `<sip:911@192.0.2.1?Replaces=x%3Bto-tag%3D${other}-a%3Bfrom-tag%3D${other}-a>`);
    await world.clock.advance(12_000);
    expect(asked).toEqual([other]);
  });
});
