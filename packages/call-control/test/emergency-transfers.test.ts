import type { EmergencyDetailRecord } from "@tandem/domain";
import { bodyLeaves } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, requestFrom, settle } from "../src/testing/index.ts";
import {
  topology,
  established,
  calleeRefers,
  callerRefers,
  answerNotifies,
  told,
  stored,
  hold,
  taken,
} from "./emergency-transfer-steps.ts";

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
