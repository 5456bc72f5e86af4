import { describe, expect, test } from "vitest";
import { withHeaders, type SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  requestFrom,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type RequestSketch,
  type SentRequest,
} from "../src/testing/index.ts";

interface Standing {
  readonly callId: string;
  readonly ok: SipMessage;
  readonly sent: SentRequest;
}

/** A call from the core that is up. */
async function established(world: FakeWorld, worker: FakeWorker, sketch: RequestSketch = {}): Promise<Standing> {
  const request = arriving(requestFrom(sketch));
  worker.engine.onRequest(request);
  await settle();
  const sent = last(worker.sip.requests("INVITE"));
  sent.answer(answerTo(sent.message, 180));
  sent.answer(withReplaces(answerTo(sent.message, 200)));
  await settle();
  const ok = worker.sip.responseTo(request.transaction.id);
  const callId = sketch.callId ?? "call-1@192.0.2.10";
  worker.engine.onRequest(arriving(requestFrom({ method: "ACK", callId, to: ok.get("To") ?? "", body: "" })));
  await world.clock.advance(100);
  return { callId, ok, sent };
}

function withReplaces(response: SipMessage): SipMessage {
  return withHeaders(response, (edit) => void edit.set("Supported", "replaces"));
}

async function refer(worker: FakeWorker, { callId, ok }: Standing, referTo: string) {
  const request = arriving(
    requestFrom({
      method: "REFER",
      cseq: 2,
      callId,
      to: ok.get("To") ?? "",
      body: "",
      headers: [["Refer-To", referTo]],
    }),
  );
  worker.engine.onRequest(request);
  await settle();
  return request.transaction.id;
}

/** The sipfrag of every NOTIFY sent so far. */
function told(worker: FakeWorker): readonly string[] {
  return worker.sip.requests("NOTIFY").map(({ message }) => message.body.split("\r\n")[0] ?? "");
}

function answerNotifies(worker: FakeWorker): void {
  for (const notify of worker.sip.requests("NOTIFY")) notify.answer(answerTo(notify.message, 200));
}

const acting = withTrunkSettings("core", { refer: "act" });

describe("REFER acted upon", () => {
  test("the target is routed with the referrer's rights, and the referrer is told how it went", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const call = await established(world, worker);
    const transaction = await refer(worker, call, "<sip:12025550199@192.0.2.1>");
    expect(worker.sip.statuses(transaction)).toEqual([202]);
    answerNotifies(worker);
    await settle();
    const invite = last(worker.sip.requests("INVITE"));
    expect(invite.message.uri).toBe("sip:12025550199@198.51.100.1:5060");
    invite.answer(answerTo(invite.message, 200, "target"));
    await settle();
    answerNotifies(worker);
    await settle();
    expect(told(worker).at(-1)).toContain("200");
  });

  test("a target the referrer may not call is refused in the NOTIFY, and the call stays", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const call = await established(world, worker);
    await refer(worker, call, "<sip:777@192.0.2.1>");
    answerNotifies(worker);
    await settle();
    answerNotifies(worker);
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(told(worker).at(-1)).toContain("404");
    expect(world.store.rows.size).toBe(1);
  });

  test("a drain does not touch the transfer of a call that is up", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const call = await established(world, worker);
    worker.engine.setDraining(true);
    await refer(worker, call, "<sip:12025550199@192.0.2.1>");
    answerNotifies(worker);
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  /** Two calls of the core, the first refers its callee to the second. Gives the second call's callee and the referring transaction. */
  async function attended(world: FakeWorld, worker: FakeWorker) {
    const first = await established(world, worker);
    const second = await established(world, worker, {
      callId: "second@192.0.2.10",
      branch: "z9hG4bK-2",
      uri: "sip:12025550177@192.0.2.1",
    });
    const ours = /;tag=(\S+)/.exec(second.ok.get("To") ?? "")?.[1] ?? "";
    const replaces = `second%40192.0.2.10%3Bto-tag%3D${ours}%3Bfrom-tag%3Dcaller`;
    await refer(worker, first, `<sip:12025550177@192.0.2.1?Replaces=${replaces}>`);
    answerNotifies(worker);
    await settle();
    return { first, second };
  }
  const callIdOf = (sent: SentRequest) => sent.message.get("Call-ID") ?? "";
  const inDialog = (worker: FakeWorker, method: string, { sent }: Standing) =>
    worker.sip.requests(method).filter((each) => callIdOf(each) === callIdOf(sent));

  test("a bug in the look for the target fails the transfer alone: the referrer is told, both calls stay, and so does the worker", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const load = world.store.load.bind(world.store);
    let loads = 0;
    // The first is of the call that is referred.
    world.store.load = (callId) => ((loads += 1) === 1 ? load(callId) : Promise.reject(new TypeError("bug")));
    await attended(world, worker);
    expect(told(worker).at(-1)).toContain("500");
    expect(world.store.rows.size).toBe(2);
    const lines = worker.telemetry.logged.filter(({ message }) => message === "work beside a call failed");
    expect(lines).toMatchObject([{ level: "error", fields: { error: "TypeError" } }]);
  });

  test("attended: the callees of both calls are connected, whatever they can do, and the referrer's dialogs end (RFC 5589 §7)", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const { first, second } = await attended(world, worker);
    const toTarget = last(inDialog(worker, "INVITE", second));
    expect(toTarget.message.has("Replaces")).toBe(false);
    toTarget.answer(answerTo(toTarget.message, 200));
    await settle();
    expect(inDialog(worker, "ACK", second)).toHaveLength(2);
    const toTransferee = last(inDialog(worker, "INVITE", first));
    toTransferee.answer(answerTo(toTransferee.message, 200));
    await settle();
    const byes = worker.sip.requests("BYE").map(callIdOf);
    expect(byes).toEqual(["second@192.0.2.10"]);
    expect(told(worker).at(-1)).toContain("200");
    answerNotifies(worker);
    await settle();
    expect(worker.sip.requests("BYE").map(callIdOf)).toContain("call-1@192.0.2.10");
    for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    expect(world.store.rows.size).toBe(2);
  });

  test("attended: what one of the two says afterwards reaches the other at any worker, and a BYE ends both calls", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const another = await world.worker();
    const { first, second } = await attended(world, worker);
    for (const call of [second, first]) {
      const reInvite = last(inDialog(worker, "INVITE", call));
      reInvite.answer(answerTo(reInvite.message, 200));
      await settle();
    }
    answerNotifies(worker);
    await settle();
    for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    const byTransferee = (method: string, cseq: number) =>
      arriving(
        requestFrom({
          method,
          cseq,
          from: first.sent.message.get("To") + ";tag=callee",
          to: first.sent.message.get("From") ?? "",
          callId: callIdOf(first.sent),
          body: "",
        }),
        { source: { address: "198.51.100.1", port: 5060, transport: "udp" }, listener: "outside" },
      );
    const info = byTransferee("INFO", 50);
    another.engine.onRequest(info);
    await settle();
    const passed = last(inDialog(another, "INFO", second));
    passed.answer(answerTo(passed.message, 200));
    await settle();
    expect(another.sip.statuses(info.transaction.id)).toEqual([200]);
    another.engine.onRequest(byTransferee("BYE", 51));
    await settle();
    for (const bye of another.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    expect(inDialog(another, "BYE", second)).toHaveLength(1);
    expect(world.store.rows.size).toBe(0);
  });

  test("attended: a target that refuses the session leaves both calls as they were", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const { second } = await attended(world, worker);
    const toTarget = last(inDialog(worker, "INVITE", second));
    toTarget.answer(answerTo(toTarget.message, 488));
    await settle();
    answerNotifies(worker);
    await settle();
    expect(told(worker).at(-1)).toContain("488");
    expect(worker.sip.requests("BYE")).toHaveLength(0);
    expect(world.store.rows.size).toBe(2);
  });

  test("attended: a dialog of somebody else goes along as Replaces to where the target is routed (RFC 3891)", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const call = await established(world, worker);
    await refer(worker, call, "<sip:12025550177@192.0.2.1?Replaces=abc%40host%3Bto-tag%3D7743%3Bfrom-tag%3D6472>");
    answerNotifies(worker);
    await settle();
    const invite = last(worker.sip.requests("INVITE")).message;
    expect(invite.get("Replaces")).toBe("abc@host;to-tag=7743;from-tag=6472");
    expect(invite.get("Require")).toContain("replaces");
  });

  test("attended with a call nobody knows fails in the NOTIFY", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
    const call = await established(world, worker);
    const nobody = `x%3Bto-tag%3D${"a".repeat(26)}-a%3Bfrom-tag%3Dy`;
    await refer(worker, call, `<sip:12025550177@192.0.2.1?Replaces=${nobody}>`);
    answerNotifies(worker);
    await settle();
    answerNotifies(worker);
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(told(worker).at(-1)).toMatch(/SIP\/2\.0 [45]/);
  });
});

describe("INVITE with Replaces (RFC 3891)", () => {
  test("belongs to the call it names: the side that stays is re-INVITEd", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const call = await established(world, worker);
    const ours = /;tag=(\S+)/.exec(call.ok.get("To") ?? "")?.[1] ?? "";
    const replaces = `${call.callId};to-tag=${ours};from-tag=caller`;
    const request = arriving(
      requestFrom({
        callId: "third@192.0.2.10",
        branch: "z9hG4bK-3",
        from: "<sip:+12025550111@192.0.2.10>;tag=other",
        headers: [["Replaces", replaces]],
      }),
    );
    worker.engine.onRequest(request);
    await settle();
    const reInvite = last(worker.sip.requests("INVITE"));
    expect(reInvite.message.get("Call-ID")).toBe(call.sent.message.get("Call-ID"));
    reInvite.answer(answerTo(reInvite.message, 200));
    await settle();
    expect(worker.sip.statuses(request.transaction.id)).toEqual([200]);
    expect(world.store.rows.size).toBe(1);
  });

  test.each([
    ["that names a call nobody knows", `x;to-tag=${"a".repeat(26)}-a;from-tag=y`],
    ["that names a dialog that is not ours", "x;to-tag=z;from-tag=y"],
  ])("%s is 481", async (_name, replaces) => {
    const worker = await new FakeWorld().worker();
    const request = arriving(requestFrom({ headers: [["Replaces", replaces]] }));
    worker.engine.onRequest(request);
    await settle();
    expect(worker.sip.statuses(request.transaction.id)).toEqual([481]);
  });
});
