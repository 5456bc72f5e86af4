import { describe, expect, it } from "vitest";
import type { HeaderLine } from "@tandem/sip";
import { blankPreparation } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile } from "./call-rig.ts";

const REFER: readonly HeaderLine[] = [["Refer-To", "<sip:+12065550177@tandem.example>"]];

function established(): CallRig {
  const rig = new CallRig();
  rig.invite({ attempts: [plan("first", { profile: profile("first", { refer: "act" }) })], ingress: { refer: "act" } });
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  return rig;
}

describe("again and again, each time to somebody who is busy", () => {
  const MOST_ATTEMPTS = 100;

  function exhausted(): CallRig {
    const rig = established();
    for (let cseq = 5; rig.call.attempts.length < MOST_ATTEMPTS; cseq++) {
      refer(rig, cseq);
      rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
      rig.answer(rig.sent("INVITE"), 486, { tag: "target" });
      rig.answer(rig.sent("NOTIFY"), 200);
    }
    return rig;
  }

  function refer(rig: CallRig, cseq: number): void {
    rig.fromCallee("REFER", cseq, { headers: REFER });
    rig.answer(rig.sent("NOTIFY"), 200);
  }

  it("the record holds so many attempts: the next target is not called, the referrer is told, and the call goes on", () => {
    const rig = exhausted();
    refer(rig, 1_000);
    const invites = rig.allSent("INVITE").length;
    rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
    expect(rig.allSent("INVITE")).toHaveLength(invites);
    expect(rig.sent("NOTIFY").request.body).toBe("SIP/2.0 603 Decline\r\n");
    expect(rig.call).toMatchObject({ phase: "up", transfer: null });
    expect(rig.call.attempts).toHaveLength(MOST_ATTEMPTS);
  });

  it("an emergency number is called all the same", () => {
    const rig = exhausted();
    refer(rig, 1_000);
    const emergency = { preparation: blankPreparation, considered: [], callerLeg: "a" } as const;
    rig.event({ kind: "transfer-routed", attempts: [plan("psap")], failure: null, emergency });
    expect(rig.sent("INVITE").nextHop).toContain("psap");
  });
});

describe("a referrer that answers no NOTIFY", () => {
  /** As many as may wait at once: two for each REFER. */
  function unheard(): CallRig {
    const rig = established();
    for (let cseq = 5; cseq < 5 + 8; cseq++) {
      expect(rig.allResponded(rig.fromCallee("REFER", cseq, { headers: REFER }))).toEqual([202]);
      rig.event({ kind: "transfer-routed", attempts: [], failure: "no-route" });
    }
    return rig;
  }

  it("gets no more of them before some time has passed; its REFER is acted on", () => {
    const rig = unheard();
    const sent = rig.allSent("NOTIFY").length;
    expect(rig.allResponded(rig.fromCallee("REFER", 13, { headers: REFER }))).toEqual([202]);
    rig.event({ kind: "transfer-routed", attempts: [], failure: "no-route" });
    expect(rig.allSent("NOTIFY")).toHaveLength(sent);
    for (const { id } of rig.call.exchanges) {
      rig.event({ kind: "no-response", exchange: id, failure: "peer-timeout" });
    }
    rig.fromCallee("REFER", 14, { headers: REFER });
    expect(rig.allSent("NOTIFY")).toHaveLength(sent + 1);
  });

  it("gets its BYE as soon as the target answers", () => {
    const rig = unheard();
    rig.fromCallee("REFER", 13, { headers: REFER });
    rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: ANSWER });
    expect(rig.allSent("BYE")).toHaveLength(1);
    expect(rig.call.phase).toBe("up");
  });
});
