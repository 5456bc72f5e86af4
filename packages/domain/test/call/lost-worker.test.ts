import { formatMessage } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { callDeadline } from "../../src/index.ts";
import { ANSWER, callerInvite, CallRig, OFFER, plan } from "./call-rig.ts";

function redeliver(rig: CallRig, alive?: readonly string[]): void {
  const event = { kind: "redelivered", transaction: "again", request: callerInvite() } as const;
  rig.event(alive === undefined ? event : { ...event, alive });
}

describe("the worker that had the INVITE died", () => {
  it("while the first attempt was under way: the same INVITE with the same branch, which the edge holds; no second call", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    redeliver(rig);
    const [first, second] = rig.allSent("INVITE");
    expect(second?.nextHop).toBe(first?.nextHop);
    expect(second?.branch).toBe(first?.branch);
    expect(formatMessage(second!.request)).toBe(formatMessage(first!.request));
    expect(rig.call.attempts).toHaveLength(1);
    rig.answer(second!, 200, { body: ANSWER });
    expect(rig.allResponded("again")).toEqual([200]);
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
  });

  it("and the edge had cancelled what it held: the attempt begins anew, as a new dialog", () => {
    const rig = new CallRig();
    rig.invite();
    redeliver(rig);
    rig.answer(rig.sent("INVITE"), 487);
    const third = rig.sent("INVITE");
    expect(third.request.get("Call-ID")).not.toBe(rig.allSent("INVITE")[0]?.request.get("Call-ID"));
    expect(rig.call.attempts).toHaveLength(1);
  });

  it("while a trunk was asked for its limits: asked again", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { maxCalls: 3 })] });
    redeliver(rig);
    expect(rig.effects).toContainEqual({ kind: "reserve", trunk: "first", maxCalls: 3, maxCallsPerSecond: 0 });
  });

  it("after an answer was saved: the same answer again", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    const before = rig.responded().response;
    redeliver(rig);
    expect(rig.allResponded("again")).toEqual([200]);
    expect(rig.responded().response.headers).toEqual(before.headers);
    expect(rig.responded().response.body).toBe(before.body);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("with the answer waiting for a PRACK: the provisional response again, then the answer", () => {
    const rig = new CallRig();
    rig.invite({ headers: [["Require", "100rel"]] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER });
    const rack = `${rig.responded().response.get("RSeq") ?? ""} 100 INVITE`;
    rig.answer(rig.sent("INVITE"), 200);
    redeliver(rig);
    expect(rig.allResponded("again")).toEqual([183]);
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rack]] });
    expect(rig.allResponded("again")).toEqual([183, 200]);
  });

  it("it did not: the INVITE came by another way, and nothing starts again", () => {
    const rig = new CallRig();
    rig.invite();
    redeliver(rig, ["b1-1"]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.allResponded("again")).toEqual([486]);
  });

  it("an INVITE of a call that is ending is refused", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    redeliver(rig);
    expect(rig.allResponded("again")).toEqual([503]);
  });
});

describe("the worker that had the INVITE lives, cut off from its edge, and another has the call", () => {
  /** The call is in the hands of another worker, which sent the INVITE again. */
  function takenOver(status: number): CallRig {
    const rig = new CallRig();
    const timers = { connectTimeoutMs: 4_000, progressTimeoutMs: 10_000, ringTimeoutMs: 60_000 };
    rig.invite({ attempts: [plan("first", timers), plan("second")] });
    if (status > 0) rig.answer(rig.sent("INVITE"), status);
    redeliver(rig);
    return rig;
  }
  const EVENTS = [
    ["its connection ends", { kind: "no-response", exchange: "b1-1", failure: "edge-lost", edge: "e1" }],
    ["it awaited the edge in vain", { kind: "no-response", exchange: "b1-1", failure: "edge-unavailable" }],
    ["its connect timer fires", { kind: "timer", timer: "connect:b1" }],
    ["its progress timer fires", { kind: "timer", timer: "progress:b1" }],
    ["its ring timer fires", { kind: "timer", timer: "ring:b1" }],
  ] as const;

  it.each(EVENTS.flatMap(([what, event]) => [0, 180].map((status) => [what, status, event] as const)))(
    "%s, after a %i: nothing is sent or told, and the other's attempt goes on",
    (_what, status, event) => {
      const rig = takenOver(status);
      const before = rig.call;
      const effects = rig.event({ ...event, sending: 0 }, 5_000);
      expect(effects).toEqual([]);
      expect(rig.call).toEqual(before);
    },
  );

  it("it gets the INVITE back, for the other one died: it sends it again, though it waits for what it sent itself", () => {
    const rig = takenOver(0);
    const back = { kind: "redelivered", transaction: "back", request: callerInvite(), alive: ["b1-1"] } as const;
    rig.event({ ...back, sending: 0 });
    expect(rig.allSent("INVITE")).toHaveLength(3);
    expect(rig.call.hunt?.current?.moves).toBe(2);
    rig.event({ ...back, sending: 2 });
    expect(rig.allSent("INVITE")).toHaveLength(3);
  });

  it("the same of the one that sent it last counts", () => {
    const rig = takenOver(0);
    rig.event({ kind: "timer", timer: "connect:b1", sending: 1 }, 4_000);
    expect(rig.call.attempts.map(({ trunk }) => trunk)).toEqual(["first", "second"]);
  });
});

describe("a 2xx that its worker may not have seen", () => {
  const orphan = (rig: CallRig, sent = rig.sent("INVITE")) =>
    rig.event({ kind: "orphan-answer", response: rig.response(sent, 200, { body: ANSWER }) });

  it("and that is still waited for answers the call", () => {
    const rig = new CallRig();
    rig.invite();
    orphan(rig);
    expect(rig.responded().response.status).toBe(200);
    expect(rig.call.phase).toBe("up");
  });

  it("answers it at the time when its edge got it", () => {
    const rig = new CallRig();
    rig.invite();
    const cameMs = rig.now + 2_000;
    const response = rig.response(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.event({ kind: "orphan-answer", response, cameMs }, 3_000);
    expect(rig.call.facts.answerMs).toBe(cameMs);
  });

  it("of the dialog in use gets its ACK, if the caller's died with the worker, and the caller's ACK brings no other", () => {
    const rig = new CallRig();
    rig.invite();
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: ANSWER });
    orphan(rig, sent);
    expect(rig.allSent("ACK")).toHaveLength(1);
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.allSent("BYE")).toEqual([]);
  });

  it("of the dialog in use waits for the caller's answer, when the ACK must hold one", () => {
    const rig = new CallRig();
    rig.invite({ body: "" });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: OFFER });
    orphan(rig, sent);
    expect(rig.allSent("ACK")).toEqual([]);
    rig.fromCaller("ACK", 100, { body: ANSWER });
    expect(rig.sent("ACK").request.body).not.toBe("");
  });

  it("of a dialog that its peer ended before the ACK is acknowledged: that ACK may have died with the worker, too", () => {
    const rig = new CallRig();
    rig.invite();
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: ANSWER });
    rig.fromCallee("BYE", 1);
    expect(rig.allSent("ACK")).toHaveLength(1);
    orphan(rig, sent);
    expect(rig.allSent("ACK")).toHaveLength(2);
    expect(rig.allSent("BYE")).toEqual([]);
  });

  it("of an attempt that was given up is acknowledged and ended", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { connectTimeoutMs: 1_000 }), plan("second")] });
    const first = rig.sent("INVITE");
    rig.event({ kind: "timer", timer: "connect:b1" }, 1_000);
    orphan(rig, first);
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.allSent("BYE")).toHaveLength(1);
    expect(rig.call.phase).toBe("setup");
  });
});

describe("a worker died with a request under way in an established call", () => {
  it("the deadline answers the asker, and the call goes on", () => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101);
    expect(callDeadline(rig.call)).toBe(rig.now + 40_000);
    rig.event({ kind: "deadline" }, 40_000);
    expect(rig.allResponded(info)).toEqual([503]);
    expect(rig.call.exchanges).toEqual([]);
    expect(rig.call.phase).toBe("up");
  });

  it("a re-INVITE that nobody will answer blocks no other for ever", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: OFFER });
    rig.now = callDeadline(rig.call);
    rig.event({ kind: "deadline" });
    expect(rig.call.exchanges.filter(({ method }) => method === "INVITE")).toEqual([]);
    expect(rig.call.phase).toBe("up");
    rig.fromCallee("INVITE", 1, { body: ANSWER });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "a" });
  });
});
