import type { SipMessage } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  requestFrom,
  sampleTopology,
  settle,
  type FakeWorker,
} from "../src/testing/index.ts";
import {
  DESK,
  type Running,
  answer,
  answered,
  fromCalled,
  inDialog,
  noted,
  sentTo,
  stored,
  told,
  topology,
  world,
} from "./desk-calls.ts";

const records = (made: FakeWorld) => made.store.details.map(({ json }) => JSON.parse(json) as Record<string, unknown>);

const portOf = ({ body }: SipMessage) => [...body.matchAll(/m=audio (\d+)/g)].map(([, port]) => Number(port));

describe("an emergency call that a security desk is to hear", () => {
  test("passes the relay in both directions; the desk is called when the caller's ACK came, and hears both", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    expect(last(sentTo(worker, "psap")).message.body).toContain("c=IN IP4 203.0.113.20");
    expect(call.ok.body).toContain("c=IN IP4 203.0.113.20");
    expect(sentTo(worker, "desk")).toEqual([]);
    await call.acknowledge();
    const [invite] = sentTo(worker, "desk");
    expect(invite?.message.uri).toBe(DESK);
    expect(portOf(invite!.message)).toHaveLength(2);
    expect(invite?.message.body.match(/a=sendonly/g)).toHaveLength(2);
    expect(invite?.message.get("Priority")).toBe("urgent");
    await answer(worker, "desk", 200);
    expect(sentTo(worker, "desk", "ACK")).toHaveLength(1);
    expect(made.media.done).toEqual([
      "offer a>b1",
      "answer b1>a",
      "copy a>desk-a",
      "copy b1>desk-b1",
      "copying a>desk-a:4000",
    ]);
    expect(told(worker)).toEqual(["desk called", "desk joined"]);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200"]);
  });

  test.each([486, 503])(
    "a desk that answers %d is not called again, and the emergency call never notices",
    async (status) => {
      const { made, worker } = await world();
      const call = await answered(made, worker);
      await call.acknowledge();
      await answer(worker, "desk", status);
      await made.clock.advance(1_000);
      expect(stored(made, call.callId)?.phase).toBe("up");
      expect(worker.sip.requests("BYE")).toEqual([]);
      expect(sentTo(worker, "desk")).toHaveLength(1);
      expect(records(made).map(({ callId }) => callId)).toContain(`${call.callId}desk`);
      expect(told(worker)).toEqual(["desk called", "desk refused"]);
      expect(noted(made, call.callId)).toEqual(["called", `refused ${status}`]);
    },
  );

  test("a desk that hangs up ends its own leg only", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    const bye = arriving(fromCalled(worker, "desk", "BYE"), { listener: "outside" });
    worker.engine.onRequest(bye);
    await made.clock.advance(100);
    expect(worker.sip.statuses(bye.transaction.id)).toEqual([200]);
    expect(records(made)).toMatchObject([{ callId: `${call.callId}desk`, endedBy: "callee", failure: null }, {}]);
    expect(made.media.done.slice(-2)).toEqual(["end copy desk-a", "end copy desk-b1"]);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200", "left"]);
    expect(stored(made, call.callId)?.phase).toBe("up");
  });

  test.each([
    ["rings", null, "CANCEL"],
    ["hears", 200, "BYE"],
  ] as const)("ends the leg with itself while the desk %s, at whichever worker", async (_, status, method) => {
    const { made, worker } = await world();
    const second = await made.worker();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", status ?? 180);
    const by = status === null ? worker : second;
    by.engine.onRequest(arriving(inDialog("BYE", call.ok, 2)));
    await settle();
    const bye = last(sentTo(by, "psap", "BYE"));
    bye.answer(answerTo(bye.message, 200));
    await made.clock.advance(100);
    if (method === "CANCEL") expect(last(sentTo(worker, "desk")).cancelled).toBe(true);
    else expect(sentTo(by, "desk", "BYE")).toHaveLength(1);
    expect(made.media.done).toContain("release");
  });

  test("has its records though a bug keeps the relay from being let go, and the desk is left all the same", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    made.media.release = () => {
      throw new TypeError("no relay for +12125550100");
    };
    worker.engine.onRequest(arriving(inDialog("BYE", call.ok, 2)));
    await settle();
    const bye = last(sentTo(worker, "psap", "BYE"));
    bye.answer(answerTo(bye.message, 200));
    await made.clock.advance(100);
    expect(records(made).filter(({ callId }) => callId === call.callId)).not.toEqual([]);
    expect(stored(made, call.callId)).toBeNull();
    expect(sentTo(worker, "desk", "BYE")).toHaveLength(1);
    expect(worker.telemetry.logged.filter(({ level }) => level === "error")).toMatchObject([
      { message: "work beside a call failed", fields: { callId: call.callId, error: "TypeError" } },
    ]);
  });

  test("the worker that answered died: the one that gets the ACK calls the desk", async () => {
    const { made, worker } = await world();
    const second = await made.worker();
    const call = await answered(made, worker);
    await call.acknowledge(second);
    expect(sentTo(second, "desk")).toHaveLength(1);
  });

  test("a desk's re-INVITE is answered with the copies it gets, still sendonly", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    await answer(worker, "desk", 200);
    const again = arriving(fromCalled(worker, "desk", "INVITE"), { listener: "outside" });
    worker.engine.onRequest(again);
    await made.clock.advance(100);
    const response = worker.sip.responses.find(({ transaction }) => transaction.id === again.transaction.id)?.message;
    expect(response?.status).toBe(200);
    expect(response?.body).toContain("a=sendonly");
    expect(portOf(response!)).toHaveLength(1);
  });
});

describe("the emergency record says what became of the desk", () => {
  /** The call ends; gives what its emergency record says. */
  async function recorded({ made, worker, call }: { made: FakeWorld; worker: FakeWorker; call: Running }) {
    worker.engine.onRequest(arriving(inDialog("BYE", call.ok, 2)));
    await settle();
    for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await made.clock.advance(40_000);
    return records(made).find(({ kind }) => kind === "emergency")?.["desk"];
  }

  test("who answered: when it was called, and when it heard; nothing of the end that is the call's own", async () => {
    const { made, worker } = await world();
    const call = await answered(made, worker);
    await call.acknowledge();
    const calledMs = made.clock.now() - 100;
    await made.clock.advance(2_000);
    const joinedMs = made.clock.now();
    await answer(worker, "desk", 200);
    await made.clock.advance(1_000);
    expect(await recorded({ made, worker, call })).toEqual([
      { outcome: "called", atMs: calledMs, sipCode: null },
      { outcome: "joined", atMs: joinedMs, sipCode: 200 },
    ]);
  });

  test("who was busy, by whichever worker the desk was called", async () => {
    const { made, worker } = await world();
    const second = await made.worker();
    const call = await answered(made, worker);
    await call.acknowledge(second);
    await answer(second, "desk", 486);
    await made.clock.advance(1_000);
    expect(await recorded({ made, worker, call })).toMatchObject([
      { outcome: "called" },
      { outcome: "refused", sipCode: 486 },
    ]);
  });

  test("where nobody was to hear: nothing", async () => {
    const made = new FakeWorld(sampleTopology);
    const worker = await made.worker();
    const call = await answered(made, worker);
    await call.acknowledge();
    expect(await recorded({ made, worker, call })).toEqual([]);
  });
});

describe("a call whose audio passes no relay has no desk, and says so", () => {
  const lines = ({ telemetry }: FakeWorker) =>
    telemetry.logged.filter(({ message }) => message.includes("without its security desk"));

  test("since its INVITE brought no offer", async () => {
    const { made, worker } = await world();
    worker.engine.onRequest(arriving(requestFrom({ uri: "sip:911@192.0.2.1", body: "" })));
    await made.clock.advance(1);
    expect(told(worker)).toEqual(["desk no-media"]);
    expect(lines(worker)).toHaveLength(1);
    expect(noted(made, [...made.store.rows.keys()][0] ?? "")).toEqual(["no-media"]);
    expect(made.media.done).toEqual([]);
  });

  test("since it was an ordinary call that was transferred to 911", async () => {
    const trunks = topology().trunks.map((trunk) => ({
      ...trunk,
      settings: { ...trunk.settings, refer: "act" as const },
    }));
    const made = new FakeWorld({ ...topology(), trunks });
    const worker = await made.worker();
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    await settle();
    const invite = last(worker.sip.requests("INVITE"));
    invite.answer(answerTo(invite.message, 200, "friend"));
    await settle();
    const ok = worker.sip.responseTo(request.transaction.id);
    worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    const refer = requestFrom({
      method: "REFER",
      cseq: 50,
      from: `${invite.message.get("To") ?? ""};tag=friend`,
      to: invite.message.get("From") ?? "",
      callId: invite.message.get("Call-ID") ?? "",
      headers: [["Refer-To", "<sip:911@192.0.2.1>"]],
    });
    worker.engine.onRequest(arriving(refer, { listener: "outside" }));
    await made.clock.advance(100);
    await answer(worker, "psap", 200);
    await made.clock.advance(1_000);
    expect(told(worker)).toEqual(["desk no-media"]);
    expect(lines(worker)).toHaveLength(1);
    expect(noted(made, [...made.store.rows.keys()][0] ?? "")).toEqual(["no-media"]);
    expect(made.media.done).toEqual([]);
    expect(sentTo(worker, "desk")).toEqual([]);
  });
});

test("calls without a desk pass no relay", async () => {
  const { made, worker } = await world();
  worker.engine.onRequest(arriving(requestFrom()));
  await made.clock.advance(1);
  expect(worker.sip.requests("INVITE")[0]?.message.body).toContain("c=IN IP4 192.0.2.10");
  expect(made.media.done).toEqual([]);
});
