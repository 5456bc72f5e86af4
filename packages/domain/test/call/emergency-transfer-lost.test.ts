import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { callDeadline, parseCall, serialiseCall, type AttemptPlan, type CallEvent } from "../../src/index.ts";
import { plan, type CallRig } from "./call-rig.ts";
import { answered, established, refers, routed } from "./emergency-transfer-rig.ts";

describe("the worker that transfers to an emergency number dies", () => {
  const dueInMs = (rig: CallRig): number => callDeadline(rig.call) - rig.now;
  const deadline = (rig: CallRig, alive: readonly string[] = []) =>
    rig.event({ kind: "deadline", alive }, dueInMs(rig));

  function trying(attempts: readonly AttemptPlan[]): CallRig {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.event({ ...routed([], true), attempts } as CallEvent);
    rig.answer(rig.sent("NOTIFY"), 200);
    return rig;
  }

  it("while a way was called: the next one follows seconds after its timers would have run out", () => {
    const rig = trying([plan("psap-1", { progressTimeoutMs: 6_000 }), plan("psap-2")]);
    rig.answer(rig.sent("INVITE"), 100);
    expect(dueInMs(rig)).toBe(11_000);
    deadline(rig);
    expect(rig.cancels()).toHaveLength(1);
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
  });

  it("while a way was called again by another edge: the timers that began anew come first", () => {
    const rig = trying([plan("psap-1", { progressTimeoutMs: 6_000 }), plan("psap-2")]);
    rig.event({ kind: "no-response", exchange: rig.sent("INVITE").exchange, failure: "edge-lost" }, 5_000);
    expect(dueInMs(rig)).toBeGreaterThan(6_000);
  });

  it("while it waited for a place on a trunk: that way is tried without", () => {
    const seizes = { maxCalls: 1, preempts: false };
    const rig = trying([plan("psap-1", { maxCalls: 1, seizes }), plan("psap-2")]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    expect(dueInMs(rig)).toBe(5_000);
    deadline(rig);
    expect(rig.sent("INVITE").request.uri).toContain("psap-1");
  });

  it("while a call taker's phone rang: it rings on as long as it may", () => {
    const rig = trying([plan("psap-1"), plan("psap-2")]);
    rig.answer(rig.sent("INVITE"), 180, { tag: "psap" });
    rig.answer(rig.sent("NOTIFY"), 200);
    expect(dueInMs(rig)).toBeGreaterThan(180_000);
  });

  it("it did not: its own timers decide, not the deadline", () => {
    const rig = trying([plan("psap-1"), plan("psap-2")]);
    const before = rig.allSent("INVITE").length;
    deadline(rig, [rig.sent("INVITE").exchange]);
    expect(rig.allSent("INVITE")).toHaveLength(before);
    expect(rig.cancels()).toEqual([]);
    expect(rig.call.hunt?.current).not.toBeNull();
  });

  it("before the ways out were known: they are asked for again, with the Replaces of the REFER", () => {
    const rig = answered(established());
    const headers: readonly HeaderLine[] = [
      ["Refer-To", "<sip:911@tandem.example?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>"],
    ];
    rig.fromCallee("REFER", 5, { headers });
    const [asked] = rig.log.filter(({ kind }) => kind === "route-transfer");
    rig.answer(rig.sent("NOTIFY"), 200);
    expect(dueInMs(rig)).toBe(5_000);
    const stored = parseCall(serialiseCall(rig.call));
    if (!stored.ok) throw new Error(stored.error);
    rig.call = stored.value;
    deadline(rig);
    expect(rig.effects).toContainEqual(asked);
    expect(rig.call.transfer).not.toBeNull();
    rig.event(routed(["psap-1"], true));
    expect(rig.sent("INVITE").request.uri).toContain("psap-1");
  });

  it("before the ways out were known, and nobody finds them out: the transfer has failed", () => {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.answer(rig.sent("NOTIFY"), 200);
    const rounds = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const _round of rounds) deadline(rig);
    expect(rig.call.transfer).toBeNull();
    expect(rig.sent("NOTIFY").request.body).toContain("SIP/2.0 5");
    expect(rig.call.phase).toBe("up");
  });

  it("with a record of an older release that does not say which hunt made the emergency call", () => {
    const older = JSON.parse(serialiseCall(trying([plan("psap-1")]).call)) as { hunt: { madeEmergency?: boolean } };
    delete older.hunt.madeEmergency;
    expect(parseCall(JSON.stringify(older))).toMatchObject({ ok: true, value: { hunt: { madeEmergency: true } } });
  });

  it("with a record that an older release wrote: what it lacks is what it meant", () => {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    const older = JSON.parse(serialiseCall(rig.call)) as { transfer: { replaces?: string; askedMs?: number } };
    delete older.transfer.replaces;
    delete older.transfer.askedMs;
    const read = parseCall(JSON.stringify(older));
    expect(read).toMatchObject({ ok: true, value: { transfer: { replaces: "", askedMs: rig.now } } });
  });
});
