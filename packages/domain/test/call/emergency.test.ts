import { describe, expect, it } from "vitest";
import { detailRecords, type AttemptPlan, type LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, callerInvite, plan, profile } from "./call-rig.ts";

const sos = {};
const roomy = { maxCalls: 2, preempts: true };

function answered(change: Partial<LegProfile> = {}): CallRig {
  const rig = new CallRig();
  rig.invite({ emergency: sos, attempts: [plan("sos", { profile: profile("sos", change) })] });
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  return rig;
}

function held(direction: string): string {
  return ANSWER.replace("a=sendrecv", "").trimEnd().concat(`\r\na=${direction}\r\n`);
}

describe("a place on a trunk with a limit", () => {
  function seizing(more: Partial<AttemptPlan> = {}): CallRig {
    const rig = new CallRig();
    rig.invite({ emergency: sos, attempts: [plan("full", { seizes: roomy, ...more }), plan("second")] });
    return rig;
  }

  it("is asked for before the INVITE", () => {
    const rig = seizing();
    expect(rig.effects).toContainEqual({ kind: "seize", trunk: "full", ...roomy });
    expect(rig.allSent("INVITE")).toHaveLength(0);
    rig.event({ kind: "seized", trunk: "full", result: "place" });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("of a call that is being ended is used after a moment", () => {
    const rig = seizing();
    rig.event({ kind: "seized", trunk: "full", result: "room-made" });
    expect(rig.allSent("INVITE")).toHaveLength(0);
    rig.event({ kind: "timer", timer: "place:0" }, 150);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each(["unavailable", "place"] as const)("is not waited for: %s late", (result) => {
    const rig = seizing();
    rig.event({ kind: "timer", timer: "place:0" }, 250);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    rig.event({ kind: "seized", trunk: "full", result });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("is given back when the attempt failed, and when it came too late for it", () => {
    const rig = seizing();
    rig.event({ kind: "seized", trunk: "full", result: "place" });
    rig.answer(rig.sent("INVITE"), 503);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "full" });
    const late = seizing();
    late.event({ kind: "timer", timer: "place:0" }, 250);
    late.answer(late.sent("INVITE"), 503);
    late.event({ kind: "seized", trunk: "full", result: "place" });
    expect(late.effects).toContainEqual({ kind: "release", trunk: "full" });
  });

  it("is asked for again by the worker that goes on", () => {
    const rig = seizing();
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite() });
    expect(rig.effects).toContainEqual({ kind: "seize", trunk: "full", ...roomy });
  });

  it("costs nothing where the trunk has no limit", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    expect(rig.log.some(({ kind }) => kind === "seize" || kind === "reserve")).toBe(false);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });
});

it("a call that gave way says so: Reason (RFC 4411, Q.850 cause 8) on both legs, failure in its record", () => {
  const rig = new CallRig();
  rig.invite();
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  rig.event({ kind: "end", failure: "preempted" });
  const byes = rig.allSent("BYE");
  expect(byes.map(({ leg }) => leg).sort()).toEqual(["a", "b"]);
  for (const { request } of byes) {
    expect(request.getAll("Reason")).toEqual([
      'Preemption;cause=2;text="Reserved Resources Preempted"',
      "Q.850;cause=8",
    ]);
  }
  expect(detailRecords(rig.call, rig.now).call).toMatchObject({ failure: "preempted", endedBy: "system" });
});

describe("the chain's end", () => {
  it.each([486, 600, 404, 503])("is 503 for the caller whatever the last one said: %i", (status) => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    rig.answer(rig.sent("INVITE"), 503);
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.responded().response.status).toBe(503);
  });

  it("is the caller's own hang-up at any time, and then nobody else is called", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    rig.answer(rig.sent("INVITE"), 180);
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel: callerInvite() });
    expect(rig.log.some(({ kind }) => kind === "cancel")).toBe(true);
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("a way that rings is cancelled before the next one is called", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos });
    rig.answer(rig.sent("INVITE"), 180);
    const effects = rig.event({ kind: "timer", timer: "ring:b1" }, 180_000);
    const order = effects.filter(({ kind }) => kind === "cancel" || kind === "send").map(({ kind }) => kind);
    expect(order).toEqual(["cancel", "send"]);
  });
});

describe("an answer that crosses our CANCEL", () => {
  function crossed(emergency: boolean): CallRig {
    const rig = new CallRig();
    rig.invite(emergency ? { emergency: sos } : {});
    const first = rig.sent("INVITE");
    rig.answer(first, 100);
    rig.event({ kind: "timer", timer: "progress:b1" }, 10_000);
    rig.answer(rig.sent("INVITE"), 180);
    rig.answer(first, 200, { body: ANSWER, tag: "late" });
    return rig;
  }

  it("of a call taker is taken, and the attempt under way is cancelled instead", () => {
    const rig = crossed(true);
    expect(rig.responded().response.status).toBe(200);
    expect(rig.cancels()).toHaveLength(2);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.fromCaller("ACK", 100, {
      ourTag: rig.call.unacked[0]?.dialog === undefined ? "" : `${rig.call.id}-${rig.call.unacked[0].dialog}`,
    });
    expect(rig.call.phase).toBe("up");
    expect(detailRecords(rig.call, rig.now).call).toMatchObject({ egressTrunk: "first", sipCode: 200 });
    expect(rig.call.attempts.map(({ outcome }) => outcome)).toEqual(["answered", "answered-elsewhere"]);
  });

  it("of an ordinary call is acknowledged and ended", () => {
    const rig = crossed(false);
    expect(rig.allSent("BYE")).toHaveLength(1);
    expect(rig.call.phase).toBe("setup");
  });
});

describe("TLS that fails (RFC 6881 SP-31, A6)", () => {
  const clear = plan("sos-clear");
  const tls = plan("sos", { profile: profile("sos", { transport: "tls" }), inClear: clear });

  function tried(rig: CallRig): readonly string[] {
    return rig.call.attempts.map(({ trunk }) => trunk);
  }

  it.each(["tls-failure", "transport-failure", "connect-timeout"] as const)(
    "%s: once more in clear, then on",
    (failure) => {
      const rig = new CallRig();
      rig.invite({ emergency: sos, attempts: [tls, plan("second")] });
      rig.event({ kind: "no-response", exchange: rig.sent("INVITE").exchange, failure });
      expect(tried(rig)).toEqual(["sos", "sos-clear"]);
      rig.answer(rig.sent("INVITE"), 503);
      expect(tried(rig)).toEqual(["sos", "sos-clear", "second"]);
    },
  );

  it("an answer of the peer, even 503, came over TLS: nothing in clear", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos, attempts: [tls, plan("second")] });
    rig.answer(rig.sent("INVITE"), 503);
    expect(tried(rig)).toEqual(["sos", "second"]);
  });

  it("where the topology allows no clear trunk, the next way", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos, attempts: [plan("sos", { profile: tls.profile }), plan("second")] });
    rig.event({ kind: "no-response", exchange: rig.sent("INVITE").exchange, failure: "tls-failure" });
    expect(tried(rig)).toEqual(["sos", "second"]);
  });
});

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

describe("the description towards the PSAP (RFC 6881 ED-73, A20)", () => {
  const noisy = ANSWER.replace(/m=audio (\d+) RTP\/AVP [\d ]+/, "m=audio $1 RTP/AVP 0 13");

  it("has no comfort noise, in the INVITE and later", () => {
    const rig = new CallRig();
    rig.invite({ emergency: sos, body: noisy, attempts: [plan("sos")] });
    expect(rig.sent("INVITE").request.body).toMatch(/^m=audio \d+ RTP\/AVP 0\r$/m);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCaller("INVITE", 101, { body: noisy });
    expect(rig.sent("INVITE").request.body).toMatch(/^m=audio \d+ RTP\/AVP 0\r$/m);
  });

  it("is left alone on an ordinary call, and towards the caller", () => {
    const ordinary = new CallRig();
    ordinary.invite({ body: noisy });
    expect(ordinary.sent("INVITE").request.body).toMatch(/RTP\/AVP 0 13\r$/m);
    const rig = new CallRig();
    rig.invite({ emergency: sos, attempts: [plan("sos")] });
    rig.answer(rig.sent("INVITE"), 200, { body: noisy });
    expect(rig.responded().response.body).toMatch(/RTP\/AVP 0 13\r$/m);
  });

  it("other parts of the body stay byte for byte", () => {
    const part = "<presence>\n  CN 13\n</presence>\n";
    const body = `--b\r\nContent-Type: application/pidf+xml\r\n\r\n${part}\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${noisy}\r\n--b--\r\n`;
    const rig = new CallRig();
    rig.invite({ emergency: sos, body, contentType: "multipart/mixed;boundary=b", attempts: [plan("sos")] });
    const sent = rig.sent("INVITE").request.body;
    expect(sent).toContain(part);
    expect(sent).not.toMatch(/RTP\/AVP 0 13/);
  });

  it("without G.711 is flagged in the record and alarmed about; the call goes on", () => {
    const rig = new CallRig();
    const opus = ANSWER.replace(/m=audio (\d+) RTP\/AVP [\d ]+/, "m=audio $1 RTP/AVP 96").replace(
      "a=",
      "a=rtpmap:96 opus/48000/2\r\na=",
    );
    rig.invite({ emergency: sos, body: opus });
    expect(rig.allSent("INVITE")).toHaveLength(1);
    expect(detailRecords(rig.call, rig.now).call.emergency).toMatchObject({ withoutG711: true });
    expect(rig.effects).toContainEqual({
      kind: "observe",
      observation: { kind: "alarm", trunk: "core", cause: "no-g711" },
    });
  });
});

it("of several Content-Type lines the first goes along (A18)", () => {
  const rig = new CallRig();
  rig.invite({ emergency: sos, headers: [["Content-Type", "application/sdp"]] });
  expect(rig.sent("INVITE").request.getAll("Content-Type")).toEqual(["application/sdp"]);
});
