import { describe, expect, it } from "vitest";
import { ANSWER, callerInvite, CallRig, type InviteOptions } from "./call-rig.ts";

describe("an INVITE that expires (RFC 3261 §13.3.1)", () => {
  const expiring = (seconds: string, options: InviteOptions = {}) => {
    const rig = new CallRig();
    rig.invite({ ...options, headers: [["Expires", seconds]] });
    return rig;
  };
  const waits = (rig: CallRig) =>
    rig.log.flatMap((effect) =>
      effect.kind === "start-timer" && effect.timer === "expires:a" ? [effect.afterMs] : [],
    );

  it("before anybody answered: 487 to the caller, CANCEL with a Reason to the called side", () => {
    const rig = expiring("20");
    expect(waits(rig)).toEqual([20_000]);
    rig.answer(rig.sent("INVITE"), 180);
    rig.timer("expires:a", 20_000);
    expect(rig.allResponded("invite-a")).toEqual([180, 487]);
    expect(rig.cancels()).toEqual([rig.sent("INVITE").exchange]);
    expect(rig.effects.find(({ kind }) => kind === "cancel")).toMatchObject({
      headers: [
        ["Reason", expect.stringContaining("cause=487")],
        ["Reason", expect.stringContaining("Q.850")],
      ],
    });
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.call.facts).toMatchObject({ failure: "invite-expired", sipCode: 487 });
  });

  it("and the next trunk is not tried after that", () => {
    const rig = expiring("20");
    rig.timer("expires:a", 20_000);
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("after the answer: nothing, and the timer is stopped", () => {
    const rig = expiring("20");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.effects).toContainEqual({ kind: "stop-timer", timer: "expires:a" });
    rig.fromCaller("ACK", 100);
    rig.timer("expires:a", 20_000);
    expect(rig.call.phase).toBe("up");
  });

  it("before it came: 487 at once", () => {
    const rig = expiring("0");
    expect(rig.allResponded("invite-a")).toEqual([487]);
    expect(rig.allSent("INVITE")).toHaveLength(0);
  });

  it("goes on expiring when its worker died", () => {
    const rig = expiring("20");
    rig.now += 5_000;
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite({ headers: [["Expires", "20"]] }) });
    expect(waits(rig)).toEqual([20_000, 15_000]);
  });

  it.each(["later", "-1", "3601", "99999999999"])("%s is no time that is waited for", (seconds) => {
    const rig = expiring(seconds);
    expect(waits(rig)).toEqual([]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each(["0", "20"])("for help: rings on whatever its time is, %s", (seconds) => {
    const rig = expiring(seconds, { emergency: { service: "urn:service:sos", test: false } });
    expect(waits(rig)).toEqual([]);
    rig.timer("expires:a", 20_000);
    expect(rig.allResponded("invite-a")).toEqual([]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("for help: nobody on the way is told a time to give it up", () => {
    const emergency = { service: "urn:service:sos", test: false };
    expect(expiring("20").sent("INVITE").request.get("Expires")).toBe("20");
    expect(expiring("20", { emergency }).sent("INVITE").request.has("Expires")).toBe(false);
  });

  it.each(["0", "20"])("a callback to whoever called for help: rings on, %s", (seconds) => {
    const rig = expiring(seconds, { callback: { callId: null } });
    expect(waits(rig)).toEqual([]);
    expect(rig.allResponded("invite-a")).toEqual([]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });
});
