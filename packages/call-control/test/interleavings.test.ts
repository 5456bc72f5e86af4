import { assert, asyncProperty, constantFrom, array, record, integer, nat } from "fast-check";
import { expect, test } from "vitest";
import { formatMessage, type SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  requestFrom,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type SentRequest,
} from "../src/testing/index.ts";
import type { IncomingRequest } from "../src/ports/index.ts";

/** One thing that happens in the world; `pick` chooses among what there is. */
const step = record({
  what: constantFrom(
    "invite",
    "answer",
    "answer",
    "answer",
    "fail",
    "cancel",
    "ack",
    "bye-caller",
    "info-caller",
    "re-invite-caller",
    "info-callee",
    "re-invite-callee",
    "callee-bye",
    "redeliver",
    "wait",
    "store-away",
    "store-back",
    "hold",
    "unhold",
  ),
  worker: nat({ max: 1 }),
  pick: nat({ max: 20 }),
  code: constantFrom(100, 180, 183, 200, 200, 302, 404, 481, 486, 487, 488, 500, 503, 603),
  waitMs: constantFrom(0, 10, 600, 4_100, 11_000),
});

/** What peers would see: requests with their final answers. */
class Observer {
  readonly given: IncomingRequest[] = [];
  readonly cancelled = new Set<string>();
  readonly answered = new Set<SentRequest>();

  give(worker: FakeWorker, request: IncomingRequest): void {
    this.given.push(request);
    worker.engine.onRequest(request);
  }

  finals(workers: readonly FakeWorker[], request: IncomingRequest): number {
    return workers.flatMap(({ sip }) => sip.statuses(request.transaction.id)).filter((status) => status >= 200).length;
  }
}

type Step = typeof step extends { generate(...args: never[]): { value: infer T } } ? T : never;

async function run(steps: readonly Step[]): Promise<void> {
  const world = new FakeWorld(withTrunkSettings("pstn-1", { maxCalls: 2 }));
  const workers = [await world.worker(), await world.worker()];
  const seen = new Observer();
  let release = Promise.withResolvers<void>();
  for (const each of steps) {
    const worker = workers[each.worker]!;
    if (each.what === "hold") world.store.hold = () => release.promise;
    else if (each.what === "unhold") {
      world.store.hold = () => Promise.resolve();
      release.resolve();
      release = Promise.withResolvers<void>();
    } else await act({ each, worker, workers, world, seen });
    await settle();
  }
  world.store.hold = () => Promise.resolve();
  world.store.away = false;
  release.resolve();
  await finishEverything(workers, world, seen);
  check(workers, world, seen);
}

interface Scene {
  readonly each: Step;
  readonly worker: FakeWorker;
  readonly workers: readonly FakeWorker[];
  readonly world: FakeWorld;
  readonly seen: Observer;
}

async function act({ each, worker, workers, world, seen }: Scene): Promise<void> {
  const open = workers
    .flatMap(({ sip }) => sip.sent)
    .filter((sent) => !seen.answered.has(sent) && sent.message.method !== "ACK");
  const target = open[each.pick % Math.max(open.length, 1)];
  const oks = workers
    .flatMap(({ sip }) => sip.responses)
    .filter(({ message }) => message.status === 200 && message.method === "INVITE");
  const ok = oks[each.pick % Math.max(oks.length, 1)]?.message;
  switch (each.what) {
    case "invite":
      return seen.give(worker, arriving(inviteNumber(each.pick)));
    case "redeliver":
      return seen.give(worker, arriving(inviteNumber(each.pick), { redelivered: true }));
    case "answer":
      if (target === undefined) return;
      if (each.code >= 200) seen.answered.add(target);
      return target.answer(answerTo(target.message, each.code));
    case "fail":
      if (target === undefined) return;
      seen.answered.add(target);
      return target.fail({ code: "transport-failure", detail: "" });
    case "cancel": {
      const invite = seen.given.filter(({ message }) => message.method === "INVITE")[each.pick % 3];
      if (invite === undefined || seen.finals(workers, invite) > 0) return;
      seen.cancelled.add(invite.transaction.id);
      return worker.engine.onCancel(
        invite.transaction,
        requestFrom({
          method: "CANCEL",
          callId: invite.message.get("Call-ID") ?? "",
          uri: invite.message.uri,
          body: "",
        }),
      );
    }
    case "ack":
    case "bye-caller":
    case "info-caller":
    case "re-invite-caller":
      return ok === undefined ? undefined : seen.give(worker, arriving(fromCaller(each, ok)));
    case "callee-bye":
    case "info-callee":
    case "re-invite-callee": {
      const invites = workers.flatMap(({ sip }) => sip.requests("INVITE"));
      const called = invites[each.pick % Math.max(invites.length, 1)];
      return called === undefined ? undefined : seen.give(worker, arriving(fromCallee(each, called.message)));
    }
    case "wait":
      return world.clock.advance(each.waitMs);
    case "store-away":
      world.store.away = true;
      return;
    case "store-back":
      world.store.away = false;
      return;
    default:
  }
}

/** One of three INVITEs; the third is an emergency call. */
function inviteNumber(pick: number): SipMessage {
  const number = pick % 3;
  return requestFrom({ callId: `call-${number}@x`, ...(number === 2 ? { uri: "sip:911@192.0.2.1" } : {}) });
}

const METHODS: Readonly<Partial<Record<Step["what"], string>>> = {
  "bye-caller": "BYE",
  "callee-bye": "BYE",
  "info-caller": "INFO",
  "info-callee": "INFO",
  "re-invite-caller": "INVITE",
  "re-invite-callee": "INVITE",
};

/** The ACK of an answer of ours, of either side, or the caller's next request. */
function fromCaller({ what, pick }: Step, ok: SipMessage): SipMessage {
  const [callId, from, to] = [ok.get("Call-ID") ?? "", ok.get("From") ?? "", ok.get("To") ?? ""];
  const method = METHODS[what] ?? "ACK";
  const cseq = method === "ACK" ? Number.parseInt(ok.get("CSeq") ?? "", 10) : 2 + pick;
  return requestFrom({ method, cseq, callId, from, to, branch: `z9hG4bK-${method}-${cseq}` });
}

function fromCallee({ what, pick }: Step, invite: SipMessage): SipMessage {
  const to = invite.get("From") ?? "";
  const from = /;tag=/.test(invite.get("To") ?? "") ? (invite.get("To") ?? "") : `${invite.get("To") ?? ""};tag=callee`;
  return requestFrom({
    method: METHODS[what] ?? "",
    cseq: 1 + pick,
    callId: invite.get("Call-ID") ?? "",
    from,
    to,
  });
}

/** The peers answer what is open, again and again, and time passes, until the world is quiet. */
async function finishEverything(workers: readonly FakeWorker[], world: FakeWorld, seen: Observer): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    await world.clock.advance(40_000);
    for (const sent of workers.flatMap(({ sip }) => sip.sent)) {
      if (seen.answered.has(sent) || sent.message.method === "ACK") continue;
      seen.answered.add(sent);
      sent.answer(answerTo(sent.message, sent.message.method === "INVITE" ? 487 : 200));
      await settle();
    }
  }
}

function check(workers: readonly FakeWorker[], world: FakeWorld, seen: Observer): void {
  const requests = seen.given.filter(({ message }) => message.method !== "ACK");
  for (const [name, copies] of Map.groupBy(requests, nameOf)) {
    // Copies of one request by several ways are one request: it is answered by one of them at least.
    const answered = copies.filter((each) => seen.finals(workers, each) > 0 || seen.cancelled.has(each.transaction.id));
    expect(answered.length, name).toBeGreaterThanOrEqual(1);
  }
  for (const worker of workers) {
    expect(worker.telemetry.logged.filter(({ level }) => level === "error")).toEqual([]);
    expect(worker.engine.facts()).toMatchObject({ setups: 0, active: 0, finishing: 0 });
  }
  const ids = world.store.details.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  checkNumbers(workers.flatMap(({ sip }) => sip.sent).map(({ message }) => message));
}

/** RFC 3261 §12.2.1.1: no two requests of ours in a dialog have one CSeq number, whichever workers sent them. A BYE may go again, the same in every byte. */
function checkNumbers(sent: readonly SipMessage[]): void {
  const inDialog = sent.filter(
    (each) => each.method !== "ACK" && each.method !== "CANCEL" && /;tag=/.test(each.get("To") ?? ""),
  );
  const places = Map.groupBy(
    inDialog,
    (each) => `${each.get("From")} ${each.get("To")} ${Number.parseInt(each.get("CSeq") ?? "", 10)}`,
  );
  for (const [place, requests] of places) {
    const distinct = new Set(
      requests.map((each) => (each.method === "BYE" ? formatMessage(each) : crypto.randomUUID())),
    );
    expect([place, distinct.size]).toEqual([place, 1]);
  }
}

function nameOf({ message }: IncomingRequest): string {
  return `${message.get("Call-ID") ?? ""} ${message.get("From") ?? ""} ${message.get("CSeq") ?? ""}`;
}

test("whatever happens in whatever order: every request is answered, every call is recorded at most once, nothing stays behind", async () => {
  await assert(asyncProperty(array(step, { minLength: 3, maxLength: 25 }), run), { numRuns: 150, seed: 912 });
}, 60_000);

test("the same for calls that come in bursts", async () => {
  const burst = array(step, { minLength: 20, maxLength: 60 });
  await assert(
    asyncProperty(integer({ min: 1, max: 3 }), burst, async (invites, steps) => {
      const first = Array.from({ length: invites }, (_, pick) => ({ ...steps[0]!, what: "invite" as const, pick }));
      await run([...first, ...steps]);
    }),
    { numRuns: 60, seed: 113 },
  );
}, 60_000);
