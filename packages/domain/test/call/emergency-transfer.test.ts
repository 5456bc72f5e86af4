import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { parseCall, serialiseCall, type AttemptPlan, type CallEvent } from "../../src/index.ts";
import { emergencyRecord } from "../../src/call/emergency-record.ts";
import { OFFER, plan, sdp, type CallRig } from "./call-rig.ts";
import { REFER, answered, established, refers, routed } from "./emergency-transfer-rig.ts";

const PSAP_SDP = sdp("psap", "203.0.113.30", 8_000);

/** The target of the transfer answers and takes the referrer's place, who leaves. */
function takenBy(rig: CallRig, tag: string): void {
  rig.answer(rig.sent("INVITE"), 200, { body: PSAP_SDP, tag });
  rig.answer(rig.sent("INVITE"), 200, { body: OFFER, tag: "tag-of-caller" });
  rig.answer(rig.sent("NOTIFY"), 200);
  rig.answer(rig.sent("BYE"), 200);
}

function callerHolds(rig: CallRig, cseq: number): readonly number[] {
  return rig.allResponded(rig.fromCaller("INVITE", cseq, { body: `${OFFER}a=sendonly\r\n` }));
}

function hangsUp(rig: CallRig, cseq: number): void {
  rig.fromCaller("BYE", cseq);
  rig.answer(rig.sent("BYE"), 200);
}

describe("a call taker who transfers to another one", () => {
  it("whom nobody reaches: the call stays an emergency call, and what the caller may not do stays refused", () => {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.event(routed(["psap-1"], true));
    takenBy(rig, "psap");
    refers(rig, 7, "psap");
    rig.event(routed(["psap-2"], true));
    rig.answer(rig.sent("INVITE"), 500, { tag: "other" });
    expect(rig.sent("NOTIFY").request.body).toContain("503");
    expect(rig.call.facts.emergency?.transfer).toMatchObject({ failed: false });
    expect(callerHolds(rig, 110)).toEqual([403]);
    hangsUp(rig, 111);
    expect(emergencyRecord(rig.call, rig.now)).toMatchObject({ outcome: "answered", egressTrunk: "psap-1" });
  });
});

describe("a late answer during a transfer to an emergency number", () => {
  it.each([
    ["callee", "of the side that is called again"],
    ["caller", "of the side that stays"],
  ] as const)(
    "that the %s asked for, %s, from before it: acknowledged and ended, it is no call taker's",
    (who, _side) => {
      const rig = established([plan("early")]);
      const early = rig.sent("INVITE");
      rig.answer(early, 100);
      rig.event({ kind: "timer", timer: "progress:b1" }, 10_000);
      answered(rig);
      if (who === "callee") refers(rig, 5, "tag-of-callee");
      else rig.fromCaller("REFER", 105, { headers: REFER });
      rig.event(routed(["psap-1", "psap-2"], true));
      const current = rig.call.hunt?.current?.exchange;
      expect(current).toBeDefined();
      rig.answer(early, 200, { body: PSAP_SDP, tag: "late" });
      expect(rig.call.hunt?.current?.exchange).toBe(current);
      expect(rig.sent("ACK").request.get("Call-ID")).toBe(early.request.get("Call-ID"));
      expect(rig.sent("BYE").request.get("Call-ID")).toBe(early.request.get("Call-ID"));
      expect(rig.call.transfer).not.toBeNull();
    },
  );
});

describe("after a transfer to an emergency number failed", () => {
  function failed(): CallRig {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.event(routed(["psap-1", "psap-2"], true));
    rig.now += 2_000;
    rig.answer(rig.sent("INVITE"), 500, { tag: "psap" });
    rig.now += 1_000;
    rig.answer(rig.sent("INVITE"), 486, { tag: "psap" });
    return rig;
  }

  it("its record ends there, failed, also when somebody else is reached by an ordinary transfer later", () => {
    const rig = failed();
    const askedMs = rig.now - 3_000;
    const endMs = rig.now;
    rig.now += 20_000;
    refers(rig, 9, "tag-of-callee");
    rig.event(routed(["friend"], false));
    takenBy(rig, "friend");
    rig.now += 60_000;
    hangsUp(rig, 111);
    const record = emergencyRecord(rig.call, rig.now);
    expect(record).toMatchObject({
      outcome: "failed",
      answerMs: null,
      startMs: askedMs,
      endMs,
      durationMs: 0,
      sipCode: 486,
      failure: "busy",
      endedBy: "system",
      egressTrunk: "psap-2",
    });
    expect(record?.attempts.map(({ trunk }) => trunk)).toEqual(["psap-1", "psap-2"]);
  });

  it("and was tried again: the record tells of both tries and of nothing between them", () => {
    const rig = failed();
    rig.now += 20_000;
    refers(rig, 9, "tag-of-callee");
    rig.event(routed(["friend"], false));
    takenBy(rig, "friend");
    rig.now += 20_000;
    refers(rig, 3, "friend");
    rig.event(routed(["psap-3"], true));
    const again = emergencyRecord(rig.call, rig.now);
    expect(again?.answerMs).toBeNull();
    rig.now += 1_000;
    takenBy(rig, "psap");
    const record = emergencyRecord(rig.call, rig.now);
    expect(record).toMatchObject({ outcome: "answered", answerMs: rig.now });
    expect(record?.attempts.map(({ trunk }) => trunk)).toEqual(["psap-1", "psap-2", "psap-3"]);
    expect(callerHolds(rig, 110)).toEqual([403]);
  });

  it("a record that was written before that time was kept is read, and tells of everything since the transfer", () => {
    const rig = failed();
    const older = JSON.parse(serialiseCall(rig.call)) as { facts: { emergency: { transfer: object } } };
    older.facts.emergency.transfer = { atMs: rig.now - 3_000, callerLeg: "a", failed: true };
    const read = parseCall(JSON.stringify(older));
    if (!read.ok) throw new Error(read.error);
    expect(read.value.facts.emergency?.transfer).toMatchObject({ failedAtMs: null, pauses: [] });
    expect(emergencyRecord(read.value, rig.now)).toMatchObject({ outcome: "failed", egressTrunk: "psap-2" });
  });

  it("a peer that asks for too short a session interval is refused, as on any ordinary call", () => {
    const rig = failed();
    const headers: readonly HeaderLine[] = [
      ["Session-Expires", "30"],
      ["Supported", "timer"],
    ];
    expect(rig.allResponded(rig.fromCaller("INVITE", 110, { body: OFFER, headers }))).toEqual([422]);
    expect(rig.allResponded(rig.fromCaller("UPDATE", 112, { headers }))).toEqual([422]);
  });

  it("a peer that falls silent ends the call, and nobody is alarmed", () => {
    const rig = failed();
    rig.fromCaller("INVITE", 110, { body: OFFER });
    rig.answer(rig.sent("INVITE"), 408);
    expect(rig.call.phase).toBe("ending");
    expect(rig.log.some((effect) => effect.kind === "observe" && effect.observation.kind === "alarm")).toBe(false);
  });

  it("it ends as an ordinary call", () => {
    const rig = failed();
    hangsUp(rig, 111);
    rig.answer(rig.sent("NOTIFY"), 200);
    rig.event({ kind: "deadline" }, 60_000);
    rig.event({ kind: "deadline" }, 60_000);
    const ended = rig.log.flatMap((effect) => (effect.kind === "observe" ? [effect.observation] : []));
    expect(ended.at(-1)).toMatchObject({ kind: "call-ended", emergency: false });
  });

  it("of somebody whom the referrer had left already, it ends as the emergency call that it was", () => {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.event(routed(["psap-1"], true));
    rig.fromCallee("BYE", 6);
    rig.answer(rig.sent("INVITE"), 486, { tag: "psap" });
    rig.answer(rig.sent("BYE"), 200);
    const ended = rig.log.flatMap((effect) => (effect.kind === "observe" ? [effect.observation] : []));
    expect(ended.at(-1)).toMatchObject({ kind: "call-ended", emergency: true });
    expect(emergencyRecord(rig.call, rig.now)).toMatchObject({ outcome: "failed", failure: "busy" });
  });
});

describe("an attended transfer to an emergency number", () => {
  const replacing = (trunk: string): AttemptPlan => {
    const bare = plan(trunk);
    return { ...bare, headers: [["Replaces", "abc@host;to-tag=1;from-tag=2"]], withoutReplaces: bare };
  };

  function attended(): CallRig {
    const rig = answered(established());
    refers(rig, 5, "tag-of-callee");
    rig.event({ ...routed([], true), attempts: [replacing("psap-1"), replacing("psap-2")] } as CallEvent);
    expect(rig.sent("INVITE").request.get("Replaces")).toBe("abc@host;to-tag=1;from-tag=2");
    return rig;
  }

  it.each([400, 420, 481, 488, 501])("%i may be about Replaces: the same way once more, without", (status) => {
    const rig = attended();
    rig.answer(rig.sent("INVITE"), status, { tag: "psap" });
    const { request } = rig.sent("INVITE");
    expect(request.uri).toContain("psap-1");
    expect(request.has("Replaces")).toBe(false);
    rig.answer(rig.sent("INVITE"), status, { tag: "psap" });
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
    expect(rig.sent("INVITE").request.has("Replaces")).toBe(true);
  });

  it.each([486, 500, 503, 603])("%i is not: the next way", (status) => {
    const rig = attended();
    rig.answer(rig.sent("INVITE"), status, { tag: "psap" });
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
    expect(rig.sent("INVITE").request.has("Replaces")).toBe(true);
  });

  it("a way that is dead is not waited for twice", () => {
    const rig = attended();
    rig.event({ kind: "timer", timer: `connect:${rig.call.hunt?.current?.party ?? ""}` }, 4_000);
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
  });
});
