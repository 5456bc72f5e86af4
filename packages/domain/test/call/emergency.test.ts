import { describe, expect, it } from "vitest";
import { detailRecords, type AttemptPlan } from "../../src/index.ts";
import { ANSWER, CallRig, callerInvite, plan, profile } from "./call-rig.ts";
import { sos } from "./emergency-rig.ts";

const roomy = { maxCalls: 2, preempts: true };

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
