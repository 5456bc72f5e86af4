import { describe, expect, test } from "vitest";
import { parseCall } from "@tandem/domain";
import { answerTo, arriving, FakeWorld, last, peer, requestFrom, settle } from "../src/testing/index.ts";
import { answers, details, established, inDialog, invite, ours } from "./call-steps.ts";

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

  /** A call that is answered and not acknowledged; the called side hangs up at one worker while the caller's ACK comes to the other. */
  async function acknowledgedLate() {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    const transaction = await invite(first);
    const sent = await answers(first, 180, 200);
    const ok = ours(first, transaction, 200);
    const theirs = answerTo(sent.message, 200);
    const [from, to] = [theirs.get("To") ?? "", sent.message.get("From") ?? ""];
    const callId = sent.message.get("Call-ID") ?? "";
    const bye = requestFrom({ method: "BYE", from, to, callId, body: "" });
    second.engine.onRequest(arriving(bye, { source: peer("198.51.100.1"), listener: "outside" }));
    await settle();
    expect(second.sip.requests("BYE")).toEqual([]);
    return { world, first, second, ok };
  }

  test("what an earlier event asks for on the newer record is stored before it is sent", async () => {
    const { world, first, ok } = await acknowledgedLate();
    const stored: (number | undefined)[] = [];
    first.sip.peer = ({ message }) => {
      if (message.method !== "BYE") return;
      const [row] = world.store.rows.values();
      const call = parseCall(row?.write.document ?? "");
      stored.push(call.ok ? call.value.exchanges.length : undefined);
    };
    first.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    await world.clock.advance(100);
    expect(stored).toEqual([1]);
  });

  test("and once, however often the race is lost", async () => {
    const { world, first, second, ok } = await acknowledgedLate();
    // Before the first worker's write each time: the other one's, which changes nothing of it.
    let meanwhile = 3;
    const save = world.store.save.bind(world.store);
    world.store.save = async (write, expected) => {
      const row = world.store.rows.get(write.callId);
      if (meanwhile > 0 && row !== undefined && row.version === expected) {
        meanwhile -= 1;
        await save(row.write, expected);
      }
      return save(write, expected);
    };
    first.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    await world.clock.advance(5_000);
    const byes = [...first.sip.requests("BYE"), ...second.sip.requests("BYE")];
    expect(byes.map(({ message }) => message.get("CSeq"))).toEqual(["1 BYE"]);
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
