import { describe, expect, it } from "vitest";
import { ANSWER, CallRig, plan } from "./call-rig.ts";
import { answered, sos } from "./emergency-rig.ts";

function held(direction: string): string {
  return ANSWER.replace("a=sendrecv", "").trimEnd().concat(`\r\na=${direction}\r\n`);
}

describe("what the caller may not do (RFC 6881 SP-38, B8)", () => {
  it.each(["sendonly", "inactive"])("hold by re-INVITE: %s", (direction) => {
    const rig = answered();
    expect(rig.allResponded(rig.fromCaller("INVITE", 101, { body: held(direction) }))).toEqual([403]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each(["INVITE", "UPDATE"])("ending all media by %s (RFC 3264 §8.2)", (method) => {
    const rig = answered();
    const silent = ANSWER.replace(/^m=audio \d+/m, "m=audio 0");
    expect(silent).not.toBe(ANSWER);
    expect(rig.allResponded(rig.fromCaller(method, 101, { body: silent }))).toEqual([403]);
  });

  it("one stream ended beside another in use is passed on", () => {
    const rig = answered();
    rig.fromCaller("INVITE", 101, { body: `${ANSWER}m=video 0 RTP/AVP 31\r\n` });
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("hold by UPDATE", () => {
    const rig = answered();
    expect(rig.allResponded(rig.fromCaller("UPDATE", 101, { body: held("sendonly") }))).toEqual([403]);
  });

  it("another description is passed on", () => {
    const rig = answered();
    rig.fromCaller("INVITE", 101, { body: ANSWER });
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("the PSAP may hold the caller", () => {
    const rig = answered();
    rig.fromCallee("INVITE", 1, { body: held("sendonly") });
    expect(rig.allSent("INVITE").at(-1)?.leg).toBe("a");
  });

  function heldByPsap(direction: string, answer: string): CallRig {
    const rig = answered();
    rig.fromCallee("INVITE", 1, { body: held(direction) });
    rig.answer(rig.sent("INVITE"), 200, { body: held(answer) });
    rig.fromCallee("ACK", 1);
    return rig;
  }

  it.each(["INVITE", "UPDATE"])("the caller refreshes the session that the PSAP holds, by %s", (method) => {
    const rig = heldByPsap("inactive", "inactive");
    const before = rig.allSent(method).length;
    expect(rig.allResponded(rig.fromCaller(method, 101, { body: held("inactive") }))).toEqual([]);
    expect(rig.allSent(method)).toHaveLength(before + 1);
  });

  it("hold once the PSAP has resumed", () => {
    const rig = heldByPsap("inactive", "inactive");
    rig.fromCallee("INVITE", 2, { body: ANSWER });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCallee("ACK", 2);
    expect(rig.allResponded(rig.fromCaller("INVITE", 101, { body: held("inactive") }))).toEqual([403]);
  });

  it("of an ordinary call, hold passes", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCaller("INVITE", 101, { body: held("sendonly") });
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });
});

describe("a PSAP's REFER has its effect (RFC 6881 SP-37)", () => {
  const target = [["Refer-To", "<sip:other-psap@esinet.example>"]] as const;

  it.each(["refuse", "act"] as const)("on a trunk with refer: %s", (refer) => {
    const rig = answered({ refer });
    expect(rig.allResponded(rig.fromCallee("REFER", 1, { headers: target }))).toEqual([202]);
    expect(rig.log.some(({ kind }) => kind === "route-transfer")).toBe(true);
  });

  it("is acted upon where the caller does not say that it takes REFER", () => {
    const rig = answered({ refer: "pass" });
    expect(rig.allResponded(rig.fromCallee("REFER", 1, { headers: target }))).toEqual([202]);
  });

  it("is passed on where the caller says so", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos, attempts: [plan("sos")], headers: [["Allow", "INVITE, ACK, BYE, REFER"]] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("REFER", 1, { headers: target });
    expect(rig.sent("REFER").leg).toBe("a");
  });
});

describe("a session that lapses (B13)", () => {
  const timed = [
    ["Session-Expires", "90;refresher=uas"],
    ["Require", "timer"],
  ] as const;

  function lapsing(emergency: boolean): CallRig {
    const rig = new CallRig();
    const headers = [
      ["Supported", "timer"],
      ["Session-Expires", "90;refresher=uac"],
    ] as const;
    rig.invite({ ...(emergency ? { emergency: sos } : {}), headers, attempts: [plan("sos")] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers: timed });
    rig.fromCaller("ACK", 100);
    return rig;
  }

  function alarms(rig: CallRig): readonly string[] {
    return rig.log.flatMap((effect) => {
      return effect.kind === "observe" && effect.observation.kind === "alarm" ? [effect.observation.cause] : [];
    });
  }

  it("ends an ordinary call", () => {
    const rig = lapsing(false);
    rig.event({ kind: "deadline" }, 90_000);
    expect(rig.allSent("BYE")).not.toHaveLength(0);
  });

  it("alarms people on an emergency call, asks the peer, and ends nothing yet", () => {
    const rig = lapsing(true);
    rig.event({ kind: "deadline" }, 90_000);
    expect(rig.allSent("BYE")).toHaveLength(0);
    expect(alarms(rig)).toContain("session-lapsed");
    expect(rig.call.phase).toBe("up");
  });

  it("ends it when nothing came for ten minutes more", () => {
    const rig = lapsing(true);
    rig.event({ kind: "deadline" }, 90_000);
    rig.event({ kind: "deadline" }, 590_000);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.event({ kind: "deadline" }, 20_000);
    expect(rig.allSent("BYE")).not.toHaveLength(0);
  });

  it.each(["no response", "408"])("our question stays unanswered, %s: the ten minutes go on", (silence) => {
    const rig = lapsing(true);
    rig.event({ kind: "deadline" }, 90_000);
    rig.now += 32_000;
    const refresh = rig.sent("INVITE");
    if (silence === "408") rig.answer(refresh, 408);
    else rig.event({ kind: "no-response", exchange: refresh.exchange, failure: "peer-timeout" });
    expect(rig.allSent("BYE")).toHaveLength(0);
    expect(rig.call.phase).toBe("up");
    rig.event({ kind: "deadline" }, 558_000);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.event({ kind: "deadline" }, 20_000);
    expect(rig.allSent("BYE")).not.toHaveLength(0);
  });

  it("has its ten minutes though the peer was silent before: each cause is alarmed about and spared by itself", () => {
    const rig = lapsing(true);
    rig.fromCaller("INVITE", 101, { body: ANSWER });
    rig.event({ kind: "no-response", exchange: rig.sent("INVITE").exchange, failure: "peer-timeout" });
    expect(alarms(rig)).toEqual(["peer-silent"]);
    rig.event({ kind: "deadline" }, 90_000);
    expect(alarms(rig)).toContain("session-lapsed");
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.event({ kind: "deadline" }, 590_000);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.event({ kind: "deadline" }, 20_000);
    expect(rig.allSent("BYE")).not.toHaveLength(0);
  });

  it("a peer that does not answer is alarmed about and left on; one that says 481 is gone", () => {
    const rig = answered();
    rig.event({ kind: "deadline" }, 1_800_000);
    const options = rig.sent("OPTIONS");
    rig.event({ kind: "no-response", exchange: options.exchange, failure: "peer-timeout" });
    expect(rig.call.phase).toBe("up");
    expect(alarms(rig)).toEqual(["peer-silent"]);
    rig.event({ kind: "deadline" }, 1_800_000);
    rig.answer(rig.sent("OPTIONS"), 481);
    expect(rig.call.phase).toBe("ending");
  });
});

describe("a request that the other side leaves unanswered", () => {
  const silences = ["no response", "408"] as const;

  function unanswered(rig: CallRig, method: string, silence: (typeof silences)[number], body: string) {
    const asked = rig.fromCallee(method, 1, { body });
    const passed = rig.sent(method);
    if (silence === "408") rig.answer(passed, 408);
    else rig.event({ kind: "no-response", exchange: passed.exchange, failure: "peer-timeout" });
    return rig.allResponded(asked);
  }

  const cases = silences.flatMap((silence) => [
    ["INVITE", silence, ANSWER] as const,
    ["UPDATE", silence, ANSWER] as const,
    ["INFO", silence, ""] as const,
  ]);

  it.each(cases)("%s, %s: not told as 408, which would end the asker's dialog (RFC 3261 §12.2.1.2)", (...request) => {
    const rig = answered();
    expect(unanswered(rig, ...request)).toEqual([504]);
    expect(rig.call.phase).toBe("up");
  });

  it.each(cases)("%s, %s: of an INVITE on an ordinary call it is told as 408", (method, ...request) => {
    const told = method === "INVITE" ? 408 : 504;
    expect(unanswered(new CallRig().establish(), method, ...request)).toEqual([told]);
  });
});
