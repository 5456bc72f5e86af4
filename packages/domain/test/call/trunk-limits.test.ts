import { describe, expect, it } from "vitest";
import { detailRecords } from "../../src/index.ts";
import { callerInvite, CallRig, plan, START_MS } from "./call-rig.ts";
import { limited } from "./limited-trunk.ts";

const sos = { service: "urn:service:sos", test: false };

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
