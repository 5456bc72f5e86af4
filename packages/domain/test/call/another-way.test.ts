import { describe, expect, it } from "vitest";
import { awaitsCaller, parseCall, serialiseCall } from "../../src/index.ts";
import { ANSWER, callerInvite, CallRig, OFFER } from "./call-rig.ts";

/** The same INVITE with another branch (RFC 3263 §4.3), by whatever edge. */
function byWay(rig: CallRig, id: string, transaction: string): void {
  const way = { id, nextHop: `sip:caller.example:5070;flow=${id}` };
  rig.event({ kind: "redelivered", transaction, request: callerInvite(), alive: ["b1-1"], way });
}

/** The same INVITE with the branch that the call is named by. */
function byFirstWay(rig: CallRig, transaction: string): void {
  rig.event({ kind: "redelivered", transaction, request: callerInvite(), alive: ["b1-1"] });
}

/** Answers whose edges are told that they need not be repeated. */
function acknowledged(rig: CallRig): readonly string[] {
  return rig.log.flatMap((effect) => (effect.kind === "acknowledged" ? [effect.transaction] : []));
}

describe("the caller's INVITE by another way", () => {
  it("while it rings: hears at once that it rings, and gets the answer; nobody is called again", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byWay(rig, "second", "by-second");
    expect(rig.allResponded("by-second")).toEqual([180]);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded("by-second")).toEqual([180, 200]);
    expect(rig.allResponded("invite-a")).toEqual([180]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    expect(rig.call.attempts).toHaveLength(1);
  });

  it("gets the refusal, too", () => {
    const rig = new CallRig();
    rig.invite();
    byWay(rig, "second", "by-second");
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.allResponded("by-second")).toEqual([486]);
    expect(rig.allResponded("invite-a")).toEqual([]);
  });

  it("after the answer was given on the first, which nobody acknowledged: the same answer again", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    const first = rig.responded().response;
    byWay(rig, "second", "by-second");
    expect(rig.allResponded("by-second")).toEqual([200]);
    expect(rig.responded().response.body).toBe(first.body);
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.call.unacked).toEqual([]);
  });

  it.each([
    ["by an edge that has neither", "ack", ["by-third", "invite-a", "by-second"]],
    ["by the edge of the last", "by-third", ["invite-a", "by-second"]],
    ["by the edge of the first", "invite-a", ["by-third", "by-second"]],
  ])(
    "after it was answered by each, the ACK comes %s: every other edge that repeats the answer is told",
    (_by, transaction, told) => {
      const rig = new CallRig();
      rig.invite();
      rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
      byWay(rig, "second", "by-second");
      byWay(rig, "third", "by-third");
      rig.fromCaller("ACK", 100, { transaction });
      expect(acknowledged(rig)).toEqual(told);
    },
  );

  it("after it was answered by each, the caller hangs up without an ACK: every edge that repeats the answer is told", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    byWay(rig, "second", "by-second");
    rig.fromCaller("BYE", 101);
    expect(acknowledged(rig)).toEqual(["by-second", "invite-a"]);
  });

  it("a CANCEL of the first, which an edge that is gone brings about, changes nothing; one of the second ends the call", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byWay(rig, "second", "by-second");
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel: callerInvite() });
    expect(rig.effects.filter(({ kind }) => kind === "cancel")).toEqual([]);
    expect(rig.call.phase).toBe("setup");
    rig.event({ kind: "cancelled", transaction: "by-second", cancel: callerInvite() });
    expect(rig.effects.filter(({ kind }) => kind === "cancel")).toHaveLength(1);
    expect(rig.call.facts.failure).toBe("caller-cancelled");
  });

  it.each([
    ["the first", (rig: CallRig) => byFirstWay(rig, "late")],
    ["the second, after a third", (rig: CallRig) => byWay(rig, "second", "late")],
  ])("%s, brought again by a worker or an edge, takes nothing back", (which, again) => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byWay(rig, "second", "by-second");
    if (which !== "the first") byWay(rig, "third", "by-third");
    again(rig);
    expect(rig.allResponded("late")).toEqual([487]);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded("late")).toEqual([487]);
    expect(rig.allResponded(which === "the first" ? "by-second" : "by-third")).toEqual([180, 200]);
  });

  it("once more by the same is the same INVITE again, after the record was stored and read", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byWay(rig, "second", "by-second");
    const read = parseCall(serialiseCall(rig.call));
    if (read.ok) rig.call = read.value;
    byWay(rig, "second", "by-second-at-another-edge");
    expect(rig.allResponded("by-second-at-another-edge")).toEqual([180]);
  });

  it.each([
    ["nobody has it: another worker may answer that way for a call of its own", [], []],
    ["this process has it", ["b1-1"], [503]],
  ])("is not answered by the deadline of a record that lost its worker: %s", (_who, alive, told) => {
    const rig = new CallRig();
    rig.invite();
    byWay(rig, "second", "by-second");
    rig.event({ kind: "deadline", alive }, 600_000);
    expect(rig.allResponded("by-second")).toEqual(told);
    expect(rig.call.facts).toMatchObject({ failure: "node-lost", sipCode: told[0] ?? 0 });
  });

  it("makes the record grow only so far, however many its sender makes", () => {
    const rig = new CallRig();
    rig.invite();
    for (let way = 0; way < 50; way += 1) byWay(rig, `way${way}`, `by-way${way}`);
    expect(rig.call.ways.length).toBeLessThanOrEqual(8);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded("by-way49")).toEqual([200]);
  });

  it("is where requests to the caller go from then on", () => {
    const rig = new CallRig();
    rig.invite({ ingress: { transport: "tcp", nextHop: "sip:caller.example:5070;flow=first" } });
    byWay(rig, "second", "by-second");
    const [caller] = rig.call.parties;
    expect(caller?.profile.nextHop).toBe("sip:caller.example:5070;flow=second");
  });
});

describe("whether the call can go on by another way", () => {
  it("is so until the ACK of its answer, or its end", () => {
    const rig = new CallRig();
    rig.invite();
    expect(awaitsCaller(rig.call)).toBe(true);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(awaitsCaller(rig.call)).toBe(true);
    rig.fromCaller("ACK", 100);
    expect(awaitsCaller(rig.call)).toBe(false);
  });

  it("is not so for the sake of a re-INVITE whose answer waits for its ACK", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: OFFER });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.call.unacked).toHaveLength(1);
    expect(awaitsCaller(rig.call)).toBe(false);
  });

  it("is not so once it was cancelled", () => {
    const rig = new CallRig();
    rig.invite();
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel: callerInvite() });
    expect(awaitsCaller(rig.call)).toBe(false);
  });
});
