import { responseTo } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { detailRecords, type AttemptPlan } from "../../src/index.ts";
import { ANSWER, callerInvite, CallRig, plan, profile, START_MS } from "./call-rig.ts";

const limited: Partial<AttemptPlan> = { maxCalls: 10, maxCallsPerSecond: 2 };
const sos = { service: "urn:service:sos", test: false };

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

describe("limits of a trunk", () => {
  it("are asked before the INVITE, and only of trunks that have some", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited), plan("second")] });
    expect(rig.effects).toContainEqual({ kind: "reserve", trunk: "first", maxCalls: 10, maxCallsPerSecond: 2 });
    expect(rig.allSent("INVITE")).toHaveLength(0);
    rig.event({ kind: "gate", trunk: "first", result: "reserved" });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each(["full", "too-fast"] as const)("%s: the next trunk is tried", (result) => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited), plan("second")] });
    rig.event({ kind: "gate", trunk: "first", result });
    expect(rig.sent("INVITE").nextHop).toContain("second");
    expect(rig.call.reserved).toEqual([]);
  });

  it("a limit that cannot be asked does not stop the call", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited)] });
    rig.event({ kind: "gate", trunk: "first", result: "unavailable" });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("the lease is given back when the attempt fails, and at the end of the call", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited), plan("second", limited)] });
    rig.event({ kind: "gate", trunk: "first", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 503);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "first" });
    rig.event({ kind: "gate", trunk: "second", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 200);
    rig.fromCaller("ACK", 100);
    rig.fromCaller("BYE", 101);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "second" });
  });

  it("a call that is over keeps no place while an attempt that was given up has no answer yet", () => {
    const rig = new CallRig();
    rig.invite({
      limits: { maxCalls: 10, maxCallsPerSecond: 2 },
      attempts: [plan("silent", limited), plan("second", limited)],
    });
    rig.event({ kind: "gate", trunk: "core", result: "reserved" });
    rig.event({ kind: "gate", trunk: "silent", result: "reserved" });
    rig.timer("connect:b1", 4_000);
    rig.event({ kind: "gate", trunk: "second", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 200);
    rig.fromCaller("ACK", 100);
    rig.fromCaller("BYE", 101);
    expect(rig.call.reserved).toEqual(["second"]);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "core" });
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.call).toMatchObject({ phase: "ending", reserved: [] });
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "second" });
    const endedMs = rig.call.facts.endMs;
    expect(detailRecords(rig.call, endedMs + 28_000).attempts.map(({ endMs }) => endMs)).toEqual([
      START_MS + 4_000,
      endedMs,
    ]);
  });

  it("a lease that comes too late is given back", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited)] });
    rig.event({ kind: "end", failure: "preempted" });
    rig.event({ kind: "gate", trunk: "first", result: "reserved" });
    expect(rig.call.reserved).toEqual([]);
  });
});

describe("limits of the ingress trunk", () => {
  const limits = { maxCalls: 2, maxCallsPerSecond: 5 };

  it("are asked before the first attempt, and the lease stays to the end of the call", () => {
    const rig = new CallRig();
    rig.invite({ limits });
    expect(rig.effects).toContainEqual({ kind: "reserve", trunk: "core", ...limits });
    expect(rig.allSent("INVITE")).toHaveLength(0);
    rig.event({ kind: "gate", trunk: "core", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 503);
    expect(rig.call.reserved).toEqual(["core"]);
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "core" });
  });

  it.each(["full", "too-fast"] as const)("%s: 503, and nobody is called", (result) => {
    const rig = new CallRig();
    rig.invite({ limits });
    rig.event({ kind: "gate", trunk: "core", result });
    expect(rig.responded().response.status).toBe(503);
    expect(rig.responded().response.has("Retry-After")).toBe(true);
    expect(rig.allSent("INVITE")).toHaveLength(0);
  });

  it("that cannot be asked do not stop the call", () => {
    const rig = new CallRig();
    rig.invite({ limits });
    rig.event({ kind: "gate", trunk: "core", result: "unavailable" });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("are asked again by the worker that takes the call over", () => {
    const rig = new CallRig();
    rig.invite({ limits });
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite() });
    expect(rig.effects).toContainEqual({ kind: "reserve", trunk: "core", ...limits });
  });
});

describe("an emergency call", () => {
  it("asks no trunk for its limits", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", limited)], emergency: sos });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each([486, 603, 404, 503])("moves on after %i, even when it rang already", (status) => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    rig.answer(rig.sent("INVITE"), 180);
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("shows the second attempt's ringing as another dialog", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    rig.answer(rig.sent("INVITE"), 180);
    const before = rig.responded().response.get("To");
    rig.answer(rig.sent("INVITE"), 486);
    rig.answer(rig.sent("INVITE"), 180);
    expect(rig.responded().response.get("To")).not.toBe(before);
  });

  it("is not refused for an unknown Require, and does not pass it on", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos, headers: [["Require", "nonsense"]] });
    expect(rig.sent("INVITE").request.has("Require")).toBe(false);
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
