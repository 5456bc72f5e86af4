import { describe, expect, test } from "vitest";
import { parseCall } from "@tandem/domain";
import { withHeaders, type SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  peer,
  requestFrom,
  sampleTopology,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type RequestSketch,
  type SentRequest,
} from "../src/testing/index.ts";

/** Delivers the caller's INVITE; returns its server transaction id. */
async function invite(worker: FakeWorker, sketch: RequestSketch = {}, change: Parameters<typeof arriving>[1] = {}) {
  const request = arriving(requestFrom(sketch), change);
  worker.engine.onRequest(request);
  await settle();
  return request.transaction.id;
}

/** The callee of the last INVITE answers with these codes. */
async function answers(worker: FakeWorker, ...codes: number[]): Promise<SentRequest> {
  const sent = last(worker.sip.requests("INVITE"));
  for (const code of codes) sent.answer(answerTo(sent.message, code));
  await settle();
  return sent;
}

/** A request of the caller in the dialog that `response` (ours) made. */
function inDialog(method: string, response: SipMessage, cseq: number): SipMessage {
  return requestFrom({ method, cseq, to: response.get("To") ?? "", body: "", branch: `z9hG4bK-${method}-${cseq}` });
}

function ours(worker: FakeWorker, transaction: string, status: number): SipMessage {
  return last(
    worker.sip.responses.filter((each) => each.transaction.id === transaction && each.message.status === status),
  ).message;
}

/** A call that is up: INVITE, 180, 200, ACK. */
async function established(world: FakeWorld, worker: FakeWorker) {
  const transaction = await invite(worker);
  const sent = await answers(worker, 180, 200);
  const ok = ours(worker, transaction, 200);
  worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
  await world.clock.advance(100);
  return { sent, ok, world };
}

function details(world: FakeWorld): Record<string, unknown>[] {
  return world.store.details.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
}

describe("a basic call", () => {
  test("is written ahead: the record is stored before the INVITE leaves", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    await invite(worker);
    expect(worker.sip.sent).toHaveLength(0);
    held.resolve();
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("has its records when its trace fails, and before there is a trace", async () => {
    const world = new FakeWorld();
    const kept: number[] = [];
    world.traces = {
      ended: () => {
        kept.push(world.store.details.length);
        throw new TypeError("no span for +12125550100");
      },
    };
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    last(worker.sip.requests("BYE")).answer(answerTo(last(worker.sip.requests("BYE")).message, 200));
    await settle();
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    expect(kept).toEqual([2]);
    expect(worker.engine.facts().active).toBe(0);
    expect(worker.telemetry.logged.filter(({ level }) => level === "error")).toMatchObject([
      { message: "work beside a call failed", fields: { error: "TypeError" } },
    ]);
    expect(JSON.stringify(worker.telemetry.logged)).not.toContain("12125550100");
  });

  test("INVITE, 180, 200, ACK, BYE: one call record, one attempt record, nothing left", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    expect(worker.sip.requests("ACK")).toHaveLength(1);
    expect(worker.engine.facts()).toMatchObject({ setups: 0, active: 0 });
    const bye = arriving(inDialog("BYE", ok, 2));
    worker.engine.onRequest(bye);
    await settle();
    const sentBye = last(worker.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    expect(worker.sip.statuses(bye.transaction.id)).toEqual([200]);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    expect(world.store.rows.size).toBe(0);
    expect(worker.engine.facts().active).toBe(0);
    await world.clock.advance(2_000);
    expect(world.clock.pending()).toBe(await idleAlarms());
    expect(worker.telemetry.ended).toEqual([expect.objectContaining({ pool: "east", outcome: "success" })]);
  });

  test("another worker serves the BYE from the record", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { ok } = await established(world, first);
    const bye = arriving(inDialog("BYE", ok, 2));
    second.engine.onRequest(bye);
    await settle();
    const sentBye = last(second.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    expect(second.sip.statuses(bye.transaction.id)).toEqual([200]);
    expect(details(world)).toHaveLength(2);
  });

  test("a request for a call that is over is 481", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    const sentBye = last(worker.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    const late = arriving(inDialog("INFO", ok, 3));
    worker.engine.onRequest(late);
    await settle();
    expect(worker.sip.statuses(late.transaction.id)).toEqual([481]);
  });

  test("post-dial delay and answer delay are observed on the egress trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    await world.clock.advance(1_500);
    await answers(worker, 180);
    await world.clock.advance(3_500);
    await answers(worker, 200);
    expect(worker.telemetry.delays).toEqual([
      { kind: "ring", trunk: "pstn-1", ms: 1_500 },
      { kind: "answer", trunk: "pstn-1", ms: 5_000 },
    ]);
  });
});

/** Alarms of a worker without calls. */
async function idleAlarms(): Promise<number> {
  const world = new FakeWorld();
  await world.worker();
  await world.clock.advance(2_000);
  return world.clock.pending();
}

describe("failover", () => {
  test("503 moves to the next trunk; the caller sees only the answer; health hears of both", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 503);
    const second = await answers(worker, 200);
    expect(second.request.nextHop).toContain("198.51.100.2");
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    expect(world.health.signals.map(({ trunk, outcome }) => `${trunk} ${outcome}`)).toEqual([
      "pstn-1 failed",
      "pstn-2 answered",
    ]);
  });

  test("486 ends the call, and does not count against the trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 486);
    expect(worker.sip.statuses(transaction)).toEqual([486]);
    expect(world.health.signals.map(({ outcome }) => outcome)).toEqual(["answered"]);
  });

  test("no edge for the first trunk's pool is an unreachable attempt", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.sip.refusal = { code: "edge-unavailable", detail: "none" };
    const transaction = await invite(worker);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt", "attempt"]);
  });

  test("10 s without an 18x cancel the attempt and try the next trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const first = await answers(worker, 100);
    await world.clock.advance(9_999);
    expect(first.cancelled).toBe(false);
    await world.clock.advance(2);
    expect(first.cancelled).toBe(true);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });
});

describe("limits", () => {
  const limited = withTrunkSettings("pstn-1", { maxCalls: 1 });

  test("a full trunk is passed over; leases go with their calls", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await answers(worker, 200);
    await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("198.51.100.2");
    expect(world.gate.held("pstn-1")).toBe(1);
  });

  test("calls that come at once are shared between the least loaded trunks, which the store tells of a second later", async () => {
    const [out, ...others] = sampleTopology.routes;
    const world = new FakeWorld({ ...sampleTopology, routes: [{ ...out!, strategy: "least-loaded" }, ...others] });
    const worker = await world.worker();
    for (let call = 1; call <= 10; call++) await invite(worker, { callId: `c${call}`, branch: `z9hG4bK-c${call}` });
    const hops = worker.sip.requests("INVITE").map(({ request }) => request.nextHop);
    expect(hops.filter((hop) => hop?.includes("198.51.100.1"))).toHaveLength(5);
  });

  test("of the ingress trunk count calls in both directions, to the call", async () => {
    const world = new FakeWorld(withTrunkSettings("core", { maxCalls: 1 }));
    const worker = await world.worker();
    const first = await invite(worker);
    const second = await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.statuses(second)).toEqual([503]);
    await answers(worker, 486);
    expect(worker.sip.statuses(first)).toEqual([486]);
    await invite(worker, { callId: "third", branch: "z9hG4bK-3" });
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  test("that refuse an attempt say nothing about the health of the peer", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(await world.health.takeSignals(10)).toEqual({ ok: true, value: [] });
  });

  test("a failed call gives its place back once", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await answers(worker, 486);
    expect(world.gate.held("pstn-1")).toBe(0);
    expect(world.gate.released).toHaveLength(1);
  });

  test("a call that ends while the gate fails over gives its place back when it can be told", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    world.gate.away = true;
    await answers(worker, 486);
    await world.clock.advance(3_000);
    expect(world.gate.held("pstn-1")).toBe(1);
    world.gate.away = false;
    await world.clock.advance(200);
    expect(world.gate.held("pstn-1")).toBe(0);
  });

  test("a place that an emergency call gets after its end is given back", async () => {
    const world = new FakeWorld(withTrunkSettings("sos", { maxCalls: 1 }));
    const worker = await world.worker();
    const answer = Promise.withResolvers<void>();
    const seize = world.gate.seize.bind(world.gate);
    world.gate.seize = (request) => answer.promise.then(() => seize(request));
    const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
    worker.engine.onRequest(request);
    await world.clock.advance(300);
    await answers(worker, 180);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", uri: "sip:911@192.0.2.1", body: "" }));
    await answers(worker, 487);
    expect(world.store.rows.size).toBe(0);
    answer.resolve();
    await settle();
    expect(world.gate.released).toHaveLength(1);
    expect(world.gate.seized.get("sos")?.size).toBe(0);
  });

  test("an established call renews its lease when its deadline is looked at", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await established(world, worker);
    const [callId = ""] = world.store.rows.keys();
    const before = world.gate.leases.get("pstn-1")?.get(callId) ?? 0;
    await world.clock.advance(1_801_000);
    for (const sent of worker.sip.requests("OPTIONS")) sent.answer(answerTo(sent.message, 200));
    await settle();
    expect(world.gate.leases.get("pstn-1")?.get(callId)).toBeGreaterThan(before);
  });

  test("a gate that cannot be asked does not stop calls", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    world.gate.away = true;
    await invite(worker);
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("198.51.100.1");
  });
});

describe("the INVITEs that an edge which ends has to wait for", () => {
  const NUMBERS = [
    { dial: "911", masks: [], test: false },
    { dial: "933", masks: [], test: true },
  ];
  const withTests = { ...sampleTopology, emergency: { ...sampleTopology.emergency, numbers: NUMBERS } };

  test("are those of an emergency call, of the caller and of every attempt", async () => {
    const world = new FakeWorld(withTests);
    const worker = await world.worker();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    const first = await answers(worker, 503);
    const second = last(worker.sip.requests("INVITE"));
    expect(worker.sip.held).toEqual([transaction, first.transaction.id, second.transaction.id]);
  });

  test("come again by another edge, they are those there", async () => {
    const world = new FakeWorld(withTests);
    const dying = await world.worker();
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    dying.engine.onRequest(arriving(message));
    await settle();
    const other = await world.worker();
    const again = arriving(message, { redelivered: true });
    other.engine.onRequest(again);
    await settle();
    expect(other.sip.held).toEqual([again.transaction.id, last(other.sip.requests("INVITE")).transaction.id]);
  });

  test.each([
    ["an ordinary call", "sip:12025550123@192.0.2.1"],
    ["a test call", "sip:933@192.0.2.1"],
  ])("are none of %s", async (_what, uri) => {
    const world = new FakeWorld(withTests);
    const worker = await world.worker();
    await invite(worker, { uri });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.held).toEqual([]);
  });
});

describe("races between workers", () => {
  test("a lost compare-and-set runs the event again on the newer record", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { ok } = await established(world, first);
    const gate = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "save" ? gate.promise : Promise.resolve());
    const info = arriving(inDialog("INFO", ok, 2));
    const update = arriving(inDialog("INFO", ok, 3));
    first.engine.onRequest(info);
    second.engine.onRequest(update);
    await settle();
    gate.resolve();
    await settle();
    expect(first.telemetry.conflicts + second.telemetry.conflicts).toBe(1);
    const cseqs = [...first.sip.requests("INFO"), ...second.sip.requests("INFO")].map(({ message }) =>
      message.get("CSeq"),
    );
    expect(new Set(cseqs).size).toBe(cseqs.length);
    for (const worker of [first, second]) {
      for (const sent of worker.sip.requests("INFO")) sent.answer(answerTo(sent.message, 200));
    }
    await settle();
    const answered = [...first.sip.statuses(info.transaction.id), ...second.sip.statuses(update.transaction.id)];
    expect(answered.filter((status) => status >= 200)).toHaveLength(2);
  });

  test("BYEs of both peers at two workers end the call once", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { ok, sent } = await established(world, first);
    const byCaller = arriving(inDialog("BYE", ok, 2));
    const theirs = answerTo(sent.message, 200);
    const byCallee = arriving(
      requestFrom({
        method: "BYE",
        from: theirs.get("To") ?? "",
        to: sent.message.get("From") ?? "",
        callId: sent.message.get("Call-ID") ?? "",
        body: "",
      }),
      { source: peer("198.51.100.1"), listener: "outside" },
    );
    first.engine.onRequest(byCaller);
    second.engine.onRequest(byCallee);
    await settle();
    for (const worker of [first, second]) {
      for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    }
    await world.clock.advance(40_000);
    expect(first.sip.statuses(byCaller.transaction.id)).toHaveLength(1);
    expect(second.sip.statuses(byCallee.transaction.id)).toHaveLength(1);
    expect(details(world).filter(({ kind }) => kind === "call")).toHaveLength(1);
  });
});

describe("the caller's edge died before the answer could be given", () => {
  async function unanswerable() {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    worker.sip.lostEdges.add("edge-1");
    await answers(worker, 200);
    return { world, worker };
  }

  test("the INVITE comes again by another edge within 64*T1: it is answered there, and the call stands", async () => {
    const { world, worker } = await unanswerable();
    await world.clock.advance(10_000);
    const again = arriving(requestFrom(), { transaction: { edge: "edge-2", id: "again" } });
    worker.engine.onRequest(again);
    await settle();
    expect(worker.sip.statuses("again")).toEqual([200]);
    await world.clock.advance(40_000);
    expect(worker.sip.requests("BYE")).toHaveLength(0);
  });

  test("it does not: the called side is acknowledged and ended, with one record", async () => {
    const { world, worker } = await unanswerable();
    await world.clock.advance(33_000);
    expect(worker.sip.requests("ACK")).toHaveLength(1);
    for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    expect(details(world).filter(({ kind }) => kind === "call")).toMatchObject([{ failure: "ack-timeout" }]);
  });
});

describe("the called side's edge died while it rings", () => {
  const LOST = { code: "edge-lost", detail: "" } as const;

  test("its INVITE waits for that edge; where that does not come it is cancelled by another, by the Via that it had, before anybody is called again", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const sent = last(worker.sip.requests("INVITE"));
    const via = `SIP/2.0/UDP 192.0.2.1:5060;branch=${sent.request.branch ?? ""};rport=5060`;
    sent.answer(withHeaders(answerTo(sent.message, 180), (edit) => void edit.set("Via", via)));
    await settle();
    sent.fail(LOST);
    await settle();
    const again = last(worker.sip.requests("INVITE"));
    const knownBy = { edge: sent.transaction.edge, sentBy: "192.0.2.1:5060" };
    expect([sent.request.knownBy, again.request.knownBy]).toEqual([undefined, knownBy]);
    expect(again.request.branch).toBe(sent.request.branch);
    again.fail(LOST);
    await settle();
    const cancel = last(worker.sip.requests("CANCEL"));
    expect(cancel.request).toMatchObject({ branch: sent.request.branch, sentBy: "192.0.2.1:5060", timeoutMs: 1_000 });
    expect(cancel.request.knownBy).toBeUndefined();
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    cancel.answer(answerTo(cancel.message, 200));
    await settle();
    const anew = last(worker.sip.requests("INVITE"));
    expect(anew.message.get("Call-ID")).not.toBe(sent.message.get("Call-ID"));
  });
});

describe("the INVITE again", () => {
  test("redelivered after its worker died, another worker goes on from the record", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    const transaction = await invite(second, {}, { redelivered: true });
    expect(second.sip.requests("INVITE")).toHaveLength(1);
    await answers(second, 200);
    expect(second.sip.statuses(transaction)).toEqual([200]);
    expect(second.telemetry.started).toHaveLength(0);
  });

  test("redelivered goes on even when new calls would be refused", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    second.engine.setDraining(true);
    await invite(second, {}, { redelivered: true });
    expect(second.sip.requests("INVITE")).toHaveLength(1);
  });

  test("redelivered without a record is a new call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, {}, { redelivered: true });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.telemetry.started).toHaveLength(1);
  });

  test.each([
    ["ordinary", "sip:100@192.0.2.1"],
    ["emergency", "sip:911@192.0.2.1"],
  ])("brought to another edge by its worker, without a record, is refused and calls nobody: %s", async (_kind, uri) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, { uri }, { redelivered: true, adopted: true });
    expect(worker.sip.statuses(transaction)).toEqual([482]);
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    expect(worker.telemetry.started).toHaveLength(0);
  });

  test("brought to another edge by its worker, it is answered there", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const transaction = await invite(worker, {}, { redelivered: true, adopted: true });
    await answers(worker, 200);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.statuses(transaction).at(-1)).toBe(200);
  });

  test("by another edge, without anybody having said so, finds the record by its identity", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    await invite(second);
    expect(world.store.rows.size).toBe(1);
    expect(world.store.operations.filter((operation) => operation === "create")).toHaveLength(2);
  });

  test("after its call ended is a late duplicate, not a new call", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    await answers(first, 486);
    const transaction = await invite(second);
    expect(second.sip.sent).toHaveLength(0);
    expect(second.sip.statuses(transaction)).toEqual([482]);
  });

  test("forked to another number is another call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    await invite(worker, { branch: "z9hG4bK-other", uri: "sip:12025550124@192.0.2.1" });
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  /** What the worker sent last, as a peer sends it. */
  function sentOn(worker: FakeWorker) {
    const sent = last(worker.sip.requests("INVITE")).message;
    const back = withHeaders(sent, (edit) => void edit.set("Via", "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK-back"));
    return arriving(back, { source: peer("198.51.100.1"), listener: "outside" });
  }

  test.each(["this worker", "another worker"])("our own, sent back by a peer to %s, is a loop", async (whose) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const taker = whose === "this worker" ? worker : await world.worker();
    const request = sentOn(worker);
    taker.engine.onRequest(request);
    await settle();
    expect(taker.sip.statuses(request.transaction.id)).toEqual([482]);
  });

  test.each([
    ["ordinary", "sip:12025550123@192.0.2.1"],
    ["emergency", "sip:911@192.0.2.1"],
  ])("that of another cluster is served like any other: %s", async (_kind, uri) => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere, { uri });
    const world = new FakeWorld();
    const worker = await world.worker();
    const request = arriving(
      requestFrom({ uri, from: last(elsewhere.sip.requests("INVITE")).message.get("From") ?? "" }),
    );
    worker.engine.onRequest(request);
    await settle();
    expect(worker.sip.statuses(request.transaction.id)).not.toContain(482);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("an emergency call with another cluster's tag that is cancelled while that is looked up rings nowhere", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const looked = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "load" ? looked.promise : Promise.resolve());
    const call = { uri: "sip:911@192.0.2.1", from: "<sip:+12025550100@192.0.2.10>;tag=abcdefgh01-b1" };
    const request = arriving(requestFrom(call));
    worker.engine.onRequest(request);
    worker.engine.onCancel(request.transaction, requestFrom({ ...call, method: "CANCEL", body: "" }));
    world.store.hold = () => Promise.resolve();
    looked.resolve();
    await settle();
    await world.clock.advance(1_000);
    for (const sent of worker.sip.requests("INVITE")) {
      expect(sent.cancelled).toBe(true);
      sent.answer(answerTo(sent.message, 487));
    }
    await settle();
    expect(details(world)[0]).toMatchObject({ kind: "call", sipCode: 487 });
    expect(worker.engine.facts().active).toBe(0);
  });

  test("a store that does not answer holds up no emergency call with another cluster's tag", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.hold = () => new Promise<void>(() => undefined);
    await invite(worker, { uri: "sip:911@192.0.2.1", from: "<sip:+12025550100@192.0.2.10>;tag=abcdefgh01-b1" });
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });
});

describe("another worker goes on with a call that this one has", () => {
  const SUPERSEDED = { code: "superseded", detail: "another application goes on with it" } as const;

  /** Two workers with a 911 call of one caller: the first stood still, the second took over its INVITE. */
  async function takenOver(storeAway: boolean) {
    const world = new FakeWorld();
    const first = await world.worker();
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    const offered = arriving(message);
    first.engine.onRequest(offered);
    await settle();
    world.store.away = storeAway;
    const second = await world.worker();
    second.engine.onRequest(arriving(message, { transaction: offered.transaction, redelivered: true }));
    await world.clock.advance(1_000);
    const [mine, theirs] = [last(first.sip.requests("INVITE")), last(second.sip.requests("INVITE"))];
    expect(theirs.request.branch).toBe(mine.request.branch);
    mine.fail(SUPERSEDED);
    await settle();
    return { world, first, second, offered };
  }

  test.each([
    ["with the store", false],
    ["with the store away", true],
  ])("%s: it calls nobody else, answers nobody, stores nothing, and its end waits for nothing", async (_what, away) => {
    const { world, first, second, offered } = await takenOver(away);
    expect(first.sip.handedOver).toEqual([offered.transaction.id]);
    expect(first.engine.facts()).toMatchObject({ setups: 0, active: 0 });
    const stored = world.store.operations.length;
    await first.engine.drain();
    const rings = last(second.sip.requests("INVITE"));
    rings.answer(answerTo(rings.message, 180));
    await world.clock.advance(170_000);
    expect(first.sip.sent).toHaveLength(1);
    expect(first.sip.requests("INVITE")[0]?.cancelled).toBe(false);
    expect(first.sip.responses).toEqual([]);
    if (away) expect(world.store.operations.slice(stored)).toEqual([]);
    rings.answer(answerTo(rings.message, 200));
    await settle();
    expect(second.sip.requests("INVITE")).toHaveLength(1);
    expect(second.sip.statuses(offered.transaction.id)).toEqual([180, 200]);
  });

  test("of an attempt that is over it says nothing: the next way is timed as ever", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    const [first] = worker.sip.requests("INVITE");
    // Neither a 100 nor anything else: the next way.
    await world.clock.advance(2_500);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    first?.fail(SUPERSEDED);
    await settle();
    expect([worker.sip.handedOver, worker.engine.facts().setups]).toEqual([[], 1]);
    await world.clock.advance(60_000);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
  });

  test("that goes on with it, the record says: it comes back from there", async () => {
    const { world, first, second, offered } = await takenOver(false);
    // The other one dies, too, and its edge offers the INVITE once more.
    const again = arriving(offered.message, { transaction: offered.transaction, redelivered: true });
    first.engine.onRequest(again);
    await settle();
    const branches = [first, second].map(({ sip }) => last(sip.requests("INVITE")).request.branch);
    expect(branches[0]).toBe(branches[1]);
    expect(first.sip.requests("INVITE")).toHaveLength(2);
    const rings = last(first.sip.requests("INVITE"));
    rings.answer(answerTo(rings.message, 200));
    await world.clock.advance(1_000);
    expect(first.sip.statuses(offered.transaction.id)).toEqual([200]);
  });
});

describe("an emergency call whose edge is cut off from the gateways", () => {
  test("is tried once more by another edge of the pool, way by way, and answered there", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.sip.edges.push("edge-2");
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    for (const _way of [1, 2, 3]) await world.clock.advance(2_000);
    const invites = worker.sip.requests("INVITE");
    expect(invites.map(({ request, transaction: { edge } }) => [request.listener, edge])).toEqual([
      ["outside", "edge-1"],
      ["outside", "edge-1"],
      ["outside", "edge-1"],
      ["outside", "edge-2"],
    ]);
    expect(invites[3]?.message.uri).toBe(invites[0]?.message.uri);
    expect(invites.map(({ cancelled }) => cancelled)).toEqual([true, true, true, false]);
    await answers(worker, 180, 200);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
  });

  test("with no other edge it ends when every way was tried", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    await world.clock.advance(60_000);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(new Set(worker.sip.requests("INVITE").map(({ message }) => message.uri)).size).toBe(
      worker.sip.requests("INVITE").length,
    );
  });

  test("a worker that goes on finds the attempt at that other edge", async () => {
    const world = new FakeWorld();
    const dying = await world.worker();
    dying.sip.edges.push("edge-2");
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    dying.engine.onRequest(arriving(message));
    await settle();
    for (const _way of [1, 2, 3]) await world.clock.advance(2_000);
    const mine = last(dying.sip.requests("INVITE"));
    expect(mine.transaction.edge).toBe("edge-2");
    const other = await world.worker();
    other.sip.edges.push("edge-2");
    other.engine.onRequest(arriving(message, { redelivered: true }));
    await settle();
    const theirs = last(other.sip.requests("INVITE"));
    expect([theirs.transaction.edge, theirs.request.branch]).toEqual(["edge-2", mine.request.branch]);
  });
});

describe("CANCEL", () => {
  test("of the caller cancels the attempt; a cancelled call is recorded", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    await settle();
    await answers(worker, 180);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await settle();
    const sent = last(worker.sip.requests("INVITE"));
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(details(world)[0]).toMatchObject({ kind: "call", sipCode: 487 });
    expect(worker.engine.facts().active).toBe(0);
  });

  test("that waited ends the call when it came, not when the store was back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    await world.clock.advance(1_000);
    const cameMs = world.clock.now();
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await world.clock.advance(3_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const sent = last(worker.sip.requests("INVITE"));
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ sipCode: 487, endMs: cameMs });
  });

  test("that overtakes the store still ends the call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await settle();
    held.resolve();
    await settle();
    const sent = last(worker.sip.requests("INVITE"));
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(world.store.rows.size).toBe(0);
  });
});

describe("without the store", () => {
  test("an ordinary new call waits for a store that fails over, and is made then", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker);
    await world.clock.advance(1_000);
    const later = await invite(worker, { callId: "second" });
    await world.clock.advance(3_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    world.store.away = false;
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    expect([transaction, later].flatMap((each) => worker.sip.statuses(each))).toEqual([]);
    expect(world.store.rows.size).toBe(2);
  });

  test("a copy of its INVITE that comes meanwhile starts nothing of its own", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    await invite(worker);
    await world.clock.advance(1_000);
    await invite(worker, {}, { redelivered: true });
    world.store.away = false;
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(world.store.rows.size).toBe(1);
  });

  test("a create whose reply was lost is found again as its own", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const create = world.store.create.bind(world.store);
    world.store.create = async (call) => {
      world.store.create = create;
      await create(call);
      return { ok: false, error: { code: "store-unavailable", detail: "reply lost" } };
    };
    await invite(worker);
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.telemetry.conflicts).toBe(0);
  });

  test("but not for ever: it gets 503 with Retry-After, and the next ones at once", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker);
    await world.clock.advance(7_000);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(ours(worker, transaction, 503).get("Retry-After")).toBeDefined();
    expect(worker.engine.facts().active).toBe(0);
    const next = await invite(worker, { callId: "second" });
    expect(worker.sip.statuses(next)).toEqual([503]);
    expect(worker.telemetry.refused.at(-1)).toEqual({ method: "INVITE", failure: "store-unavailable" });
  });

  test.each([
    ["takes what it was sent before anything else", true],
    ["takes it after all else", false],
  ])(
    "an ordinary call that was refused leaves no record when a store that hung wakes, and %s",
    async (_when, first) => {
      const world = new FakeWorld();
      const worker = await world.worker();
      const create = world.store.create.bind(world.store);
      const sent: (() => Promise<unknown>)[] = [];
      world.store.away = true;
      world.store.create = (call) => {
        sent.push(() => create(call));
        return Promise.resolve({ ok: false, error: { code: "store-unavailable", detail: "no answer" } });
      };
      const transaction = await invite(worker);
      await world.clock.advance(7_000);
      expect(worker.sip.statuses(transaction)).toEqual([503]);
      world.store.away = false;
      const wake = async (): Promise<void> => void (await Promise.all(sent.map((late) => late())));
      if (first) await wake();
      await world.clock.advance(3_000);
      if (!first) await wake();
      expect(sent).not.toHaveLength(0);
      expect(world.store.rows.size).toBe(0);
      expect(details(world)).toEqual([]);
    },
  );

  test("an emergency call is served from memory, and its records arrive later", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("203.0.113.9");
    await answers(worker, 200);
    const ok = ours(worker, transaction, 200);
    worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await settle();
    expect(details(world)).toHaveLength(0);
    world.store.away = false;
    await world.clock.advance(3_000);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt", "emergency"]);
  });

  test.each<[string, RequestSketch]>([
    ["an empty parameter in the Request-URI", { uri: "sip:911@192.0.2.1;user=phone;" }],
    ["headers in the Request-URI", { uri: "sip:911@192.0.2.1?x=y" }],
    ["an empty parameter of a tel URI", { uri: "tel:911;" }],
    ["a parameter of a service URN", { uri: "urn:service:sos;x" }],
    [
      "an unreadable display name",
      { uri: "sip:911@192.0.2.1", from: '"Room 5 <sip:+12025550100@192.0.2.10>;tag=caller' },
    ],
  ])("an emergency call with %s is served and hung up like any other", async (_fact, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch);
    const placed = last(worker.sip.requests("INVITE"));
    expect(placed.message.get("From")).toMatch(/^<sip:\+12025550100@[^>]*>;tag=/);
    await answers(worker, 200);
    const to = ours(worker, transaction, 200).get("To") ?? "";
    const from = sketch.from === undefined ? {} : { from: sketch.from };
    worker.engine.onRequest(arriving(requestFrom({ method: "ACK", to, ...from, body: "" })));
    await settle();
    worker.engine.onRequest(
      arriving(requestFrom({ method: "BYE", cseq: 2, to, ...from, body: "", branch: "z9hG4bK-bye" })),
    );
    await settle();
    expect(worker.sip.requests("BYE")).toHaveLength(1);
  });

  test.each<[string, RequestSketch]>([
    ["an empty parameter", { uri: "sip:100@192.0.2.1;" }],
    [
      "an unreadable display name",
      { uri: "sip:100@192.0.2.1", from: '"Room <sip:+12025550100@192.0.2.10>;tag=caller' },
    ],
  ])("an ordinary call to a short number with %s is refused", async (_fact, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch);
    expect(worker.sip.statuses(transaction)).toEqual([400]);
  });

  test("a bug is logged with its class and place, without what it says: that may be personal", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.hold = () => Promise.reject(new RangeError("+12025550100 at 1 Main Street"));
    await invite(worker);
    const line = worker.telemetry.logged.find(({ message }) => message === "call event failed");
    const at: unknown = expect.stringContaining("call-engine.test.ts");
    expect(line?.fields).toMatchObject({ error: "RangeError", event: "invite", at });
    expect(JSON.stringify(worker.telemetry.logged)).not.toMatch(/2025550100|Main Street/);
  });

  test("an emergency call does not stand still for a store that takes its time", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    await world.clock.advance(300);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    held.resolve();
    await settle();
    await answers(worker, 200);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    expect(world.store.rows.size).toBe(1);
    expect(worker.telemetry.conflicts).toBe(0);
  });

  test.each([
    ["fails at once", (world: FakeWorld) => void (world.store.away = true), 0],
    ["does not answer", (world: FakeWorld) => void (world.store.hold = () => new Promise<void>(() => undefined)), 600],
  ])(
    "that %s, an emergency call whose worker died is placed by another one, with the same branch",
    async (_how, outage, ms) => {
      const world = new FakeWorld();
      const [first, second] = [await world.worker(), await world.worker()];
      const sketch = { uri: "sip:911@192.0.2.1" };
      await invite(first, sketch);
      outage(world);
      const transaction = await invite(second, sketch, { redelivered: true });
      await world.clock.advance(ms);
      expect(second.sip.requests("INVITE").map((each) => each.request.branch)).toEqual([
        last(first.sip.requests("INVITE")).request.branch,
      ]);
      await answers(second, 200);
      await world.clock.advance(ms);
      expect(second.sip.statuses(transaction)).toEqual([200]);
    },
  );

  test("an ordinary call whose worker died waits for the store, and gets 503 in the end", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    world.store.away = true;
    const transaction = await invite(second, {}, { redelivered: true });
    await world.clock.advance(5_000);
    expect(second.sip.statuses(transaction)).toEqual([]);
    await world.clock.advance(2_000);
    expect(second.sip.statuses(transaction)).toEqual([503]);
  });

  test("nor for the answer's write behind the first one", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    await world.clock.advance(300);
    await answers(worker, 200);
    await world.clock.advance(300);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    held.resolve();
    await world.clock.advance(3_000);
    const [row] = world.store.rows.values();
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { phase: "up" } });
  });

  test("an emergency call that outlives the outage is stored when the store is back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    await answers(worker, 200);
    expect(world.store.rows.size).toBe(0);
    world.store.away = false;
    await world.clock.advance(3_000);
    expect(world.store.rows.size).toBe(1);
  });

  test("a call being set up goes on, and is stored when the store is back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    world.store.away = true;
    await answers(worker, 180, 200);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
    world.store.away = false;
    await world.clock.advance(3_000);
    const [row] = world.store.rows.values();
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { phase: "up" } });
  });

  test("a request in an established call nobody here remembers waits for a store that fails over", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    world.store.away = true;
    const info = arriving(inDialog("INFO", ok, 2));
    worker.engine.onRequest(info);
    await world.clock.advance(4_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const relayed = last(worker.sip.requests("INFO"));
    relayed.answer(answerTo(relayed.message, 200));
    await settle();
    expect(worker.sip.statuses(info.transaction.id)).toEqual([200]);
  });

  test("a BYE that waited ends the call when it came, not when the store was back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    await world.clock.advance(60_000);
    world.store.away = true;
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    const cameMs = world.clock.now();
    await world.clock.advance(4_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await settle();
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ endMs: cameMs });
  });

  test("nor when what came before it was stored at last", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "save" ? held.promise : Promise.resolve());
    worker.engine.onRequest(arriving(inDialog("INFO", ok, 2)));
    await world.clock.advance(60_000);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 3)));
    const cameMs = world.clock.now();
    await world.clock.advance(1_500);
    held.resolve();
    await settle();
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(10_000);
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ endMs: cameMs });
  });

  test("an answer that the caller hears only when the store is back was given when it came", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 180);
    await world.clock.advance(5_000);
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "save" ? held.promise : Promise.resolve());
    const answeredMs = world.clock.now();
    await answers(worker, 200);
    await world.clock.advance(1_500);
    expect(worker.sip.statuses(transaction)).toEqual([180]);
    held.resolve();
    await world.clock.advance(1_000);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
    const [row] = world.store.rows.values();
    const facts = { ringMs: answeredMs - 5_000, answerMs: answeredMs };
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { facts } });
  });

  test("but not for ever: it gets 503 with Retry-After", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    world.store.away = true;
    const info = arriving(inDialog("INFO", ok, 2));
    worker.engine.onRequest(info);
    await world.clock.advance(7_000);
    expect(worker.sip.statuses(info.transaction.id)).toEqual([503]);
    expect(ours(worker, info.transaction.id, 503).get("Retry-After")).toBeDefined();
  });

  test("a write whose reply was lost is not mistaken for another worker's", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    const save = world.store.save.bind(world.store);
    world.store.save = async (call, expected) => {
      world.store.save = save;
      await save(call, expected);
      return { ok: false, error: { code: "store-unavailable", detail: "reply lost" } };
    };
    await answers(worker, 200);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    await world.clock.advance(3_000);
    expect(worker.telemetry.conflicts).toBe(0);
    expect(worker.engine.facts().active).toBe(0);
  });
});

describe("refusals", () => {
  test.each([
    ["an unknown source", {}, { source: peer("10.9.9.9") }, 403],
    ["no route", { uri: "sip:777@192.0.2.1" }, {}, 404],
    ["no shared usage", {}, { source: peer("198.51.100.1"), listener: "outside" }, 403],
  ])("%s: one response, one metric", async (_name, sketch, change, status) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch, change);
    expect(worker.sip.statuses(transaction)).toEqual([status]);
    expect(worker.sip.sent).toHaveLength(0);
    expect(worker.engine.facts().active).toBe(0);
  });

  test("a refused call of a known trunk is recorded, a stranger's is not", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, {}, { source: peer("10.9.9.9") });
    expect(details(world)).toHaveLength(0);
    await invite(worker, { uri: "sip:777@192.0.2.1" });
    expect(details(world)).toEqual([expect.objectContaining({ kind: "call", failure: "no-route" })]);
  });

  test("an emergency call of a stranger is served where callers live, refused where gateways are", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const source = peer("10.9.9.9");
    const served = await invite(worker, { uri: "sip:911@192.0.2.1" }, { source });
    expect(worker.sip.statuses(served)).toEqual([]);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    const refused = await invite(worker, { uri: "sip:911@192.0.2.1", callId: "b" }, { source, listener: "outside" });
    expect(worker.sip.statuses(refused)).toEqual([403]);
  });
});

describe("drain and overload", () => {
  test("ordinary new calls get 503 with Retry-After, emergency calls are served", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.engine.setDraining(true);
    const ordinary = await invite(worker);
    expect(worker.sip.statuses(ordinary)).toEqual([503]);
    await invite(worker, { uri: "sip:911@192.0.2.1", callId: "sos" });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("ends when the calls being set up are answered; they are not cut", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 180);
    let drained = false;
    const drain = worker.engine.drain().then(() => (drained = true));
    await world.clock.advance(5_000);
    expect(drained).toBe(false);
    await answers(worker, 200);
    worker.engine.onRequest(arriving(inDialog("ACK", ours(worker, transaction, 200), 1)));
    await world.clock.advance(200);
    await drain;
    expect(world.store.rows.size).toBe(1);
  });

  test("more set-ups than allowed are refused, emergency calls are not", async () => {
    const world = new FakeWorld();
    const worker = await world.worker({ limits: { maxSetups: 1 } });
    await invite(worker);
    const second = await invite(worker, { callId: "second" });
    expect(worker.sip.statuses(second)).toEqual([503]);
    await invite(worker, { uri: "sip:911@192.0.2.1", callId: "sos" });
    const [first, ...others] = worker.sip.requests("INVITE");
    expect(others).toHaveLength(1);
    first?.answer(answerTo(first.message, 486));
    await settle();
    expect(worker.telemetry.setups).toBe(1);
  });

  test("of INVITEs that come in one burst, each counts for the next", async () => {
    const world = new FakeWorld();
    const worker = await world.worker({ limits: { maxSetups: 1 } });
    const burst = ["one", "two", "three"].map((callId) => arriving(requestFrom({ callId })));
    for (const request of burst) worker.engine.onRequest(request);
    await settle();
    expect(burst.map(({ transaction }) => worker.sip.statuses(transaction.id))).toEqual([[], [503], [503]]);
  });

  test("a late event loop refuses ordinary calls", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.load.lag = 10_000;
    const transaction = await invite(worker);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
  });
});

describe("calls whose worker is gone", () => {
  test("are looked after by another worker when their deadline passes", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    await invite(first);
    await first.engine.stop();
    const second = await world.worker();
    await world.clock.advance(260_000);
    expect(world.store.rows.size).toBe(0);
    expect(details(world).filter(({ kind }) => kind === "call")).toHaveLength(1);
    expect(second.engine.facts().active).toBe(0);
  });
});

describe("a 2xx to an INVITE whose call nobody knows", () => {
  test.each([
    ["198.51.100.1", "the gateway it came from", ["ACK", "BYE"]],
    ["192.0.2.10", "a gateway of another trunk of the pool", ["ACK", "BYE"]],
    ["203.0.113.66", "a stranger, who would have us send to anybody", []],
  ])("%s, %s", async (address, _who, sent) => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere);
    const message = answerTo(last(elsewhere.sip.requests("INVITE")).message, 200);
    const worker = await new FakeWorld().worker();
    worker.engine.onOrphanAnswer({ message, pool: "east", listener: "outside", source: peer(address), told: false });
    await settle();
    expect(worker.sip.sent.map((each) => each.message.method)).toEqual(sent);
  });

  test("which the worker that died was told, and which did not come again: its ACK went by another edge, and the number after it is taken", async () => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere);
    const message = answerTo(last(elsewhere.sip.requests("INVITE")).message, 200);
    const worker = await new FakeWorld().worker();
    const source = peer("198.51.100.1");
    worker.engine.onOrphanAnswer({ message, pool: "east", listener: "outside", source, told: true });
    await settle();
    expect(worker.sip.sent).toEqual([]);
  });

  test("nor the call's record: its attempt failed and was forgotten, and the call went on", async () => {
    const worker = await new FakeWorld().worker();
    await invite(worker);
    const failed = await answers(worker, 503);
    const before = worker.sip.sent.length;
    const message = answerTo(failed.message, 200);
    const source = peer("198.51.100.1");
    worker.engine.onOrphanAnswer({ message, pool: "east", listener: "outside", source, told: false });
    await settle();
    expect(worker.sip.sent.slice(before).map((each) => each.message.method)).toEqual(["ACK", "BYE"]);
    expect(worker.engine.facts().active).toBe(1);
  });
});
