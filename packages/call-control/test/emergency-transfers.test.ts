import { defaultLocationPolicy, parseCall, type EmergencyDetailRecord, type Topology } from "@tandem/domain";
import { bodyLeaves, type SipMessage } from "@tandem/sip";
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

/** A core whose REFERs are acted upon, a site with ELINs around it, and people to be told. */
function topology(change: Partial<Topology["emergency"]> = {}): Topology {
  const trunks = sampleTopology.trunks.map((trunk) => ({
    ...trunk,
    settings: {
      ...trunk.settings,
      refer: "act" as const,
      ...(trunk.name === "sos" && { emergency: { ...trunk.settings.emergency, profile: "elin" as const } }),
    },
  }));
  const policy = { ...defaultLocationPolicy, name: "hq", notify: ["desk"] };
  const desk = {
    name: "desk",
    kind: "email" as const,
    address: "desk@example.net",
    escalateTo: null,
    escalateAfterMs: 60_000,
  };
  const location = { country: "US", a1: "NY", room: "317" };
  const emergency = {
    ...sampleTopology.emergency,
    policies: [policy],
    notificationTargets: [desk],
    sites: [{ name: "head-office", subnets: ["192.0.2.0/24"], policy: "hq", erl: "hq-1", location }],
    erls: [{ name: "hq-1", elins: ["+12125550901"], location: null }],
    screeningNumber: "+18005550199",
    ...change,
  };
  return { ...sampleTopology, trunks, emergency };
}

const FROM_OUTSIDE = {
  source: { address: "198.51.100.1", port: 5060, transport: "udp" },
  listener: "outside",
} as const;

interface Standing {
  readonly worker: FakeWorker;
  readonly world: FakeWorld;
  readonly ok: SipMessage;
  readonly sent: SentRequest;
}

/** A call from the core to somebody outside that is up. */
async function established(world: FakeWorld): Promise<Standing> {
  const worker = await world.worker();
  const request = arriving(requestFrom({}));
  worker.engine.onRequest(request);
  await settle();
  const sent = last(worker.sip.requests("INVITE"));
  sent.answer(answerTo(sent.message, 200));
  await settle();
  const ok = worker.sip.responseTo(request.transaction.id);
  worker.engine.onRequest(arriving(requestFrom({ method: "ACK", to: ok.get("To") ?? "", body: "" })));
  await world.clock.advance(100);
  return { worker, world, ok, sent };
}

/** Whoever was called asks us to transfer the caller. */
async function calleeRefers({ worker, sent }: Standing, target: string): Promise<number | undefined> {
  const request = arriving(
    requestFrom({
      method: "REFER",
      cseq: 50,
      from: `${sent.message.get("To") ?? ""};tag=callee`,
      to: sent.message.get("From") ?? "",
      callId: sent.message.get("Call-ID") ?? "",
      body: "",
      headers: [["Refer-To", target]],
    }),
    FROM_OUTSIDE,
  );
  worker.engine.onRequest(request);
  await settle();
  answerNotifies(worker);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

/** The caller asks us to transfer whomever he called. */
async function callerRefers({ worker, ok }: Standing, target: string): Promise<number | undefined> {
  const request = arriving(
    requestFrom({ method: "REFER", cseq: 12, to: ok.get("To") ?? "", body: "", headers: [["Refer-To", target]] }),
  );
  worker.engine.onRequest(request);
  await settle();
  answerNotifies(worker);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

function answerNotifies(worker: FakeWorker): void {
  for (const notify of worker.sip.requests("NOTIFY")) notify.answer(answerTo(notify.message, 200));
}

function told(worker: FakeWorker): string {
  return last(worker.sip.requests("NOTIFY")).message.body.split("\r\n")[0] ?? "";
}

/** The record of the call. */
function stored(world: FakeWorld) {
  const call = parseCall(last([...world.store.rows.values()]).write.document);
  if (!call.ok) throw new Error("no record");
  return call.value;
}

async function hold({ worker, ok }: Standing): Promise<number | undefined> {
  const body = [
    "v=0",
    "o=- 1 2 IN IP4 192.0.2.10",
    "s=-",
    "c=IN IP4 192.0.2.10",
    "t=0 0",
    "m=audio 4000 RTP/AVP 0",
    "a=sendonly",
    "",
  ];
  const request = arriving(
    requestFrom({ method: "INVITE", cseq: 9, branch: "z9hG4bK-hold", to: ok.get("To") ?? "", body: body.join("\r\n") }),
  );
  worker.engine.onRequest(request);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

/** A worker that has nothing but the stored calls of a world whose time stands still, after `afterMs`. */
async function heir(dead: FakeWorld, afterMs: number): Promise<FakeWorker> {
  const world = new FakeWorld(topology());
  for (const [callId, row] of dead.store.rows) world.store.rows.set(callId, row);
  const worker = await world.worker();
  await world.clock.advance(afterMs);
  return worker;
}

/** The PSAP takes the call and the caller's side the new description. */
async function taken({ worker }: Standing, invite: SentRequest): Promise<void> {
  invite.answer(answerTo(invite.message, 200, "psap"));
  await settle();
  const reInvite = last(worker.sip.requests("INVITE"));
  reInvite.answer(answerTo(reInvite.message, 200));
  await settle();
  answerNotifies(worker);
  for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
  await settle();
}

describe("an ordinary call transferred to an emergency number is an emergency call", () => {
  test("its INVITE is composed as the trunk's profile says: location of the caller's site, ELIN, Priority", async () => {
    const call = await established(new FakeWorld(topology()));
    expect(await calleeRefers(call, "<sip:911@192.0.2.1>")).toBe(202);
    const { message } = last(call.worker.sip.requests("INVITE"));
    expect(message.uri).toBe("sip:911@203.0.113.9:5060");
    expect(message.get("Priority")).toBe("emergency");
    expect(message.get("From")).toContain("+12125550901");
    expect(message.get("P-Asserted-Identity")).toContain("+12125550901");
    expect(message.get("Geolocation")).toContain("cid:");
    const pidf = bodyLeaves(message).find(({ mediaType }) => mediaType === "application/pidf+xml");
    expect(pidf?.body).toContain("317");
    expect(bodyLeaves(message).some(({ mediaType }) => mediaType === "application/sdp")).toBe(true);
  });

  test("people are told after its INVITE left, and its record says what was known", async () => {
    const world = new FakeWorld(topology());
    const call = await established(world);
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    expect(world.noticeLog.owed.map(({ notice }) => notice)).toMatchObject([
      {
        number: "911",
        policy: "hq",
        site: "head-office",
        elin: "+12125550901",
        callbackNumber: "+12025550100",
        targets: ["desk"],
      },
    ]);
    await taken(call, last(call.worker.sip.requests("INVITE")));
    expect(stored(world).facts.emergency).toMatchObject({
      number: "911",
      policy: "hq",
      elin: "+12125550901",
      location: { kind: "site-default" },
      transfer: { callerLeg: "a", failed: false },
    });
  });

  test("every way out is tried, whatever each of them says, and the referrer gets 503 when nobody answers", async () => {
    const call = await established(new FakeWorld(topology()));
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    const uris: string[] = [];
    for (let at = 0; at < 10; at += 1) {
      const invite = last(call.worker.sip.requests("INVITE"));
      if (invite.message.uri === uris.at(-1)) break;
      uris.push(invite.message.uri);
      invite.answer(answerTo(invite.message, [486, 600, 603, 404][at % 4] ?? 486, `psap-${at}`));
      await settle();
      answerNotifies(call.worker);
      await settle();
    }
    // E9-1-1 trunk, fallback trunk, the other gateway to the PSTN, and the screening centre over both.
    expect(uris.map((uri) => uri.replace(/^sip:|:5060.*$/g, ""))).toEqual([
      "911@203.0.113.9",
      "911@198.51.100.2",
      "+18005550199@198.51.100.2",
      "911@198.51.100.1",
      "+18005550199@198.51.100.1",
    ]);
    expect(told(call.worker)).toContain("503");
    expect(call.world.store.rows.size).toBe(1);
  });

  test("the caller may neither hold nor transfer it; the call taker may", async () => {
    const call = await established(new FakeWorld(topology()));
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    await taken(call, last(call.worker.sip.requests("INVITE")));
    expect(await hold(call)).toBe(403);
    expect(await callerRefers(call, "<sip:12025550199@192.0.2.1>")).toBe(403);
  });

  test("after it failed the two go on as they were, with all they could do before", async () => {
    const call = await established(new FakeWorld(topology({ fallbackTrunks: [], screeningNumber: null })));
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    for (let at = 0; at < 5; at += 1) {
      const invite = last(call.worker.sip.requests("INVITE"));
      invite.answer(answerTo(invite.message, 500, `psap-${at}`));
      await settle();
      answerNotifies(call.worker);
      await settle();
    }
    expect(await hold(call)).not.toBe(403);
    expect(stored(call.world).facts.emergency).toMatchObject({ transfer: { failed: true } });
  });

  test("the caller transfers whom he called: that one is the emergency caller", async () => {
    const call = await established(new FakeWorld(topology()));
    expect(await callerRefers(call, "<sip:911@192.0.2.1>")).toBe(202);
    const { message } = last(call.worker.sip.requests("INVITE"));
    expect(message.uri).toBe("sip:911@203.0.113.9:5060");
    expect(message.get("P-Asserted-Identity")).toContain("12025550123");
    expect(stored(call.world).facts.emergency).toMatchObject({ site: null, transfer: { callerLeg: "b" } });
  });

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

  test("a Replaces for somebody else's dialog goes along, and is not asked for of a PSAP that knows nothing of it", async () => {
    const call = await established(new FakeWorld(topology()));
    await calleeRefers(call, "<sip:911@192.0.2.1?Replaces=abc%40host%3Bto-tag%3D7743%3Bfrom-tag%3D6472>");
    const { message } = last(call.worker.sip.requests("INVITE"));
    expect(message.get("Replaces")).toBe("abc@host;to-tag=7743;from-tag=6472");
    expect(message.get("Require") ?? "").not.toContain("replaces");
  });

  test.each([
    [481, ["203.0.113.9", false]],
    [503, ["198.51.100.2", true]],
  ] as const)("after %i to a Replaces the next INVITE goes to %j (with Replaces or without)", async (status, next) => {
    const call = await established(new FakeWorld(topology()));
    await calleeRefers(call, "<sip:911@192.0.2.1?Replaces=abc%40host%3Bto-tag%3D7743%3Bfrom-tag%3D6472>");
    const first = last(call.worker.sip.requests("INVITE"));
    first.answer(answerTo(first.message, status, "psap"));
    await settle();
    const second = last(call.worker.sip.requests("INVITE"));
    expect(second).not.toBe(first);
    expect([second.message.uri.replace(/^sip:911@|:5060.*$/g, ""), second.message.has("Replaces")]).toEqual(next);
  });

  test("the emergency record tells of the emergency call, not of the one before", async () => {
    const world = new FakeWorld(topology());
    const call = await established(world);
    await world.clock.advance(60_000);
    const askedMs = world.clock.now();
    await calleeRefers(call, "<sip:911@192.0.2.1>");
    const invite = last(call.worker.sip.requests("INVITE"));
    invite.answer(answerTo(invite.message, 180, "psap"));
    await world.clock.advance(2_000);
    await taken(call, invite);
    call.worker.engine.onRequest(
      arriving(requestFrom({ method: "BYE", cseq: 20, to: call.ok.get("To") ?? "", body: "" })),
    );
    await settle();
    for (const bye of call.worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    const { json } = last(world.store.details.filter(({ kind }) => kind === "emergency"));
    const record = JSON.parse(json) as EmergencyDetailRecord;
    expect(record).toMatchObject({
      calledNumber: "911",
      outcome: "answered",
      startMs: askedMs,
      timeToRingingMs: 0,
      egressTrunk: "sos",
    });
    expect(record.attempts).toHaveLength(1);
  });
});

test("an ordinary transfer stays one: nobody is told, nothing is prepared", async () => {
  const world = new FakeWorld(topology());
  const call = await established(world);
  await callerRefers(call, "<sip:12025550199@192.0.2.1>");
  expect(last(call.worker.sip.requests("INVITE")).message.has("Priority")).toBe(false);
  expect(world.noticeLog.owed).toHaveLength(0);
  expect(stored(world).facts.emergency).toBeNull();
});
