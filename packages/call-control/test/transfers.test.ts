import { describe, expect, test } from "vitest";
import { withHeaders, type SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  requestFrom,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type RequestSketch,
  type SentRequest,
} from "../src/testing/index.ts";

function last<T>(list: readonly T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("nothing there");
  return found;
}

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
  const ok = last(worker.sip.responses.filter(({ transaction }) => transaction.id === request.transaction.id)).message;
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

  test("attended: the far side of the other call is asked to replace its dialog (RFC 5589 §7)", async () => {
    const world = new FakeWorld(acting);
    const worker = await world.worker();
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
    const invite = last(worker.sip.requests("INVITE")).message;
    expect(invite.get("Replaces")).toContain(second.sent.message.get("Call-ID"));
    expect(invite.uri).toBe("sip:198.51.100.1:5060");
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
