import { responseTo } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { detailRecords } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile } from "./call-rig.ts";
import { limited } from "./limited-trunk.ts";

describe("which failures move on to the next trunk", () => {
  it.each([
    [503, true],
    [500, true],
    [408, true],
    [486, false],
    [603, false],
    [404, false],
    [302, false],
  ])("%i: next trunk %s", (status, moves) => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.allSent("INVITE")).toHaveLength(moves ? 2 : 1);
    expect(rig.cancels()).toEqual([]);
  });

  it("a refusal that waited before its turn: call and attempt ended when it came", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("only")] });
    const { exchange, request } = rig.sent("INVITE");
    const cameMs = rig.now + 1_000;
    rig.event({ kind: "response", exchange, response: responseTo(request, 486, { toTag: "t" }), cameMs }, 5_000);
    const { call, attempts } = detailRecords(rig.call, rig.now);
    expect([call.endMs, ...attempts.map(({ endMs }) => endMs)]).toEqual([cameMs, cameMs]);
  });

  it("RFC 3261 §21.6: a 6xx that is listed as failover code stops all the same", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { failoverCodes: [603] }), plan("second")] });
    rig.answer(rig.sent("INVITE"), 603);
    expect(rig.responded().response.status).toBe(603);
  });

  it("a response rule makes 486 with Q.850 cause 34 a 503, which moves on", () => {
    const responseRules = [{ code: 486, cause: 34, becomes: 503 }];
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { profile: profile("first", { responseRules }) }), plan("second")] });
    rig.answer(rig.sent("INVITE"), 486, { headers: [["Reason", 'Q.850;cause=34;text="no circuit"']] });
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("the same 486 without a cause is final", () => {
    const responseRules = [{ code: 486, cause: 34, becomes: 503 }];
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { profile: profile("first", { responseRules }) }), plan("second")] });
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.responded().response.status).toBe(486);
  });

  it("the next attempt is a new dialog with its own Call-ID and tag", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 503);
    const [first, second] = rig.allSent("INVITE");
    expect(second?.request.get("Call-ID")).not.toBe(first?.request.get("Call-ID"));
    expect(second?.request.uri).toBe("sip:+12065550199@second.peer.example;user=phone");
    expect(second?.request.get("Contact")).toBe("<sip:+12065550100@tandem.example:5060>");
  });

  it("a 503 of an attempt that is over never advances again", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first"), plan("second"), plan("third")] });
    const first = rig.sent("INVITE");
    rig.answer(first, 503);
    rig.answer(first, 503);
    rig.answer(first, 503);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("no failover after an 18x: nothing rings twice", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183);
    rig.answer(rig.sent("INVITE"), 503);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    expect(rig.allResponded("invite-a")).toEqual([183, 503]);
  });
});

describe("timers of an attempt", () => {
  it("the progress timer cancels an attempt that only said 100 and moves on", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 100);
    rig.timer("progress:b1", 10_000);
    expect(rig.cancels()).toEqual(["b1-1"]);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("the progress timer does nothing after a 183", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183);
    expect(rig.effects).toContainEqual({ kind: "stop-timer", timer: "progress:b1" });
    rig.timer("progress:b1", 1_000);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("the connect timer moves on when nothing at all came", () => {
    const rig = new CallRig();
    rig.invite();
    rig.timer("connect:b1", 4_000);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("the connect timer does nothing after a 100", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 100);
    expect(rig.effects).toContainEqual({ kind: "stop-timer", timer: "connect:b1" });
    rig.timer("connect:b1", 4_000);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("timers set to 0 are not started", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { progressTimeoutMs: 0, connectTimeoutMs: 0, ringTimeoutMs: 0 })] });
    expect(rig.kinds()).not.toContain("start-timer");
  });

  it("the ring timer cancels and tells the caller 480: nobody answered", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    rig.timer("ring:b1", 180_000);
    expect(rig.cancels()).toEqual(["b1-1"]);
    expect(rig.responded().response.status).toBe(480);
    expect(rig.responded().response.get("Reason")).toBe("Q.850;cause=19");
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each([
    ["a refused connection", "transport-failure"],
    ["a certificate that is not to be believed", "tls-failure"],
  ] as const)("%s moves on at once", (_fact, failure) => {
    const rig = new CallRig();
    rig.invite();
    rig.event({ kind: "no-response", exchange: "b1-1", failure });
    expect(rig.allSent("INVITE")).toHaveLength(2);
    expect(rig.cancels()).toEqual([]);
    const ended = rig.effects.find((effect) => effect.kind === "observe");
    expect(ended).toMatchObject({
      observation: { kind: "attempt-ended", trunk: "first", outcome: failure, unreachable: true },
    });
  });
});

describe("answers that come late", () => {
  it("RFC 3261 §13.2.2.4: a 200 that crosses our CANCEL of an abandoned attempt gets ACK and BYE", () => {
    const rig = new CallRig();
    rig.invite();
    const first = rig.sent("INVITE");
    rig.timer("progress:b1", 10_000);
    rig.answer(first, 200, { body: ANSWER });
    expect(rig.sent("ACK").request.get("Call-ID")).toBe(first.request.get("Call-ID"));
    expect(rig.sent("BYE").request.get("Call-ID")).toBe(first.request.get("Call-ID"));
    expect(rig.call.phase).toBe("setup");
    rig.answer(rig.allSent("INVITE")[1]!, 200, { body: ANSWER, tag: "other" });
    expect(rig.allResponded("invite-a")).toEqual([200]);
  });

  it("a late 180 of an abandoned attempt is not relayed", () => {
    const rig = new CallRig();
    rig.invite();
    const first = rig.sent("INVITE");
    rig.timer("progress:b1", 10_000);
    rig.answer(first, 180);
    expect(rig.allResponded("invite-a")).toEqual([]);
  });

  it("a 200 of a second fork after the first answered gets ACK and BYE", () => {
    const rig = new CallRig().establish();
    const invite = rig.sent("INVITE");
    rig.answer(invite, 200, { tag: "second-fork", contact: "<sip:fork@callee2.secret.example>" });
    expect(rig.sent("BYE").request.get("To")).toContain("tag=second-fork");
    expect(rig.sent("BYE").request.uri).toBe("sip:fork@callee2.secret.example");
    expect(rig.allSent("ACK").at(-1)?.request.get("To")).toContain("tag=second-fork");
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.call.phase).toBe("up");
    expect(rig.call.parties.map(({ dialogs }) => dialogs.length)).toEqual([1, 1]);
  });
});

describe("when no trunk is left", () => {
  it.each([
    ["the last meaningful answer wins over trunk failures", [500, 488, 503], [500, 488, 503], 488],
    ["a 503 of trunks becomes our own: no way out", [503, 503, 503], [503, 503, 503], 503],
    ["among trunk failures the last one counts", [500, 502, 503], [500, 502, 503], 502],
  ])("%s", (_, codes, failoverCodes, expected) => {
    const rig = new CallRig();
    rig.invite({ attempts: codes.map((_code, at) => plan(`trunk${at}`, { failoverCodes })) });
    for (const code of codes) rig.answer(rig.sent("INVITE"), code, { headers: [["Retry-After", "99"]] });
    expect(rig.responded().response.status).toBe(expected);
    if (expected === 503) expect(rig.responded().response.has("Retry-After")).toBe(false);
    expect(rig.kinds().at(-1)).toBe("finish");
  });

  it("silence of every trunk is a 504", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first")] });
    rig.timer("connect:b1", 4_000);
    expect(rig.responded().response.status).toBe(504);
    expect(rig.call.phase).toBe("ending");
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.kinds().at(-1)).toBe("finish");
  });

  it("full trunks only: 503 with Retry-After, because later may do", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited)] });
    rig.event({ kind: "gate", trunk: "first", result: "full" });
    expect(rig.responded().response.status).toBe(503);
    expect(rig.responded().response.has("Retry-After")).toBe(true);
  });

  it.each([401, 407])("%i: the challenge stays on its leg, the caller gets 403", (status) => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), status, { headers: [["WWW-Authenticate", 'Digest realm="secret"']] });
    expect(rig.responded().response.status).toBe(403);
    expect(rig.responded().response.has("WWW-Authenticate")).toBe(false);
  });
});

it("attempt records tell what became of each trunk", () => {
  const rig = new CallRig();
  rig.invite({ attempts: [plan("first", limited), plan("second"), plan("third")] });
  rig.event({ kind: "gate", trunk: "first", result: "full" });
  rig.answer(rig.sent("INVITE"), 503, { headers: [["Reason", "Q.850;cause=42"]] });
  rig.answer(rig.sent("INVITE"), 486);
  const { call, attempts } = detailRecords(rig.call, rig.now);
  expect(attempts.map(({ trunk, outcome, sipCode, q850 }) => [trunk, outcome, sipCode, q850])).toEqual([
    ["first", "trunk-full", 0, 34],
    ["second", "peer-unavailable", 503, 42],
    ["third", "busy", 486, 17],
  ]);
  expect(call).toMatchObject({ sipCode: 486, failure: "busy", egressTrunk: "third", endedBy: "callee", attempts: 3 });
});
