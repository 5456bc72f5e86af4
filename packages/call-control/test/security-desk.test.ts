import { defaultLocationPolicy, parseCall, type Call, type Topology } from "@tandem/domain";
import { withHeaders, type SipMessage } from "@tandem/sip";
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
  type SentRequest,
} from "../src/testing/index.ts";

const [RELAY, OTHER_RELAY] = ["203.0.113.20:22222", "203.0.113.21:22222"] as const;
const DESK = "sip:desk@198.51.100.2";
const HOST = { psap: "203.0.113.9", desk: "198.51.100.2" } as const;

function topology(mediaRelays: readonly string[] = [RELAY]): Topology {
  const conference = { uri: DESK, mode: "oneway", by: "local", trunk: "pstn-2" } as const;
  const policies = [{ ...defaultLocationPolicy, name: "hq", conference }];
  const emergency = { ...sampleTopology.emergency, policies, policy: "hq", mediaRelays };
  return { ...sampleTopology, emergency };
}

/** Requests to one of the two, in order. */
function sentTo(worker: FakeWorker, peer: keyof typeof HOST, method = "INVITE"): readonly SentRequest[] {
  return worker.sip.requests(method).filter(({ message }) => message.uri.includes(HOST[peer]));
}

async function answer(worker: FakeWorker, peer: keyof typeof HOST, status: number): Promise<void> {
  const sent = last(sentTo(worker, peer));
  const response = answerTo(sent.message, status, peer);
  sent.answer(withHeaders(response, (headers) => headers.set("Contact", `<sip:${HOST[peer]}:5060>`)));
  await settle();
}

interface Running {
  readonly callId: string;
  /** Our answer to the caller. */
  readonly ok: SipMessage;
  acknowledge(at?: FakeWorker): Promise<void>;
}

/** A 911 call that the PSAP has answered. */
async function answered(made: FakeWorld, worker: FakeWorker): Promise<Running> {
  const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
  worker.engine.onRequest(request);
  await made.clock.advance(1);
  await answer(worker, "psap", 200);
  const ok = worker.sip.responseTo(request.transaction.id);
  const callId = /tag=(\w+)-a/.exec(ok.get("To") ?? "")?.[1] ?? "";
  const acknowledge = async (at = worker): Promise<void> => {
    at.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    await made.clock.advance(100);
  };
  return { callId, ok, acknowledge };
}

/** A request of a peer in the dialog that a message of ours made. */
function inDialog(method: string, message: SipMessage, cseq: number): SipMessage {
  return requestFrom({ method, cseq, to: message.get("To") ?? "", body: "", branch: `z9hG4bK-${method}-${cseq}` });
}

/** A request of a called peer in its dialog. */
function fromCalled(worker: FakeWorker, peer: keyof typeof HOST, method: string): SipMessage {
  const invite = last(sentTo(worker, peer)).message;
  return requestFrom({
    method,
    cseq: 1,
    from: `${invite.get("To") ?? ""};tag=${peer}`,
    to: invite.get("From") ?? "",
    callId: invite.get("Call-ID") ?? "",
    branch: `z9hG4bK-${peer}-${method}`,
  });
}

async function world(relays?: readonly string[]) {
  const made = new FakeWorld(topology(relays));
  return { made, worker: await made.worker() };
}

function stored(made: FakeWorld, callId: string): Call | null {
  const row = made.store.rows.get(callId);
  const call = row === undefined ? null : parseCall(row.write.document);
  return call?.ok === true ? call.value : null;
}

const records = (made: FakeWorld) => made.store.details.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
/** What the call's record says of its desk. */
const noted = (made: FakeWorld, callId: string) =>
  stored(made, callId)?.facts.desk.map(({ outcome, sipCode }) =>
    sipCode === null ? outcome : `${outcome} ${sipCode}`,
  );
const told = ({ telemetry }: FakeWorker) => telemetry.emergencyTold.filter((line) => line.startsWith("desk"));
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
