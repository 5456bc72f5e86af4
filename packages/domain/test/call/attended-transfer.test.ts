import { formatReplaces } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import {
  blankPreparation,
  callDeadline,
  JUNCTION_POOL,
  junctionPlan,
  parseCall,
  serialiseCall,
} from "../../src/index.ts";
import { ANSWER, CALL_ID, CallRig, OFFER, plan, profile } from "./call-rig.ts";
import { REFER, TARGET_SDP, establishedWith } from "./transfer-rig.ts";

describe("REFER acted upon: attended", () => {
  const other = new CallRig().establish();
  const otherReplaces = formatReplaces({
    callId: "call-id-of-caller",
    toTag: `${CALL_ID}-a`,
    fromTag: "tag-of-caller",
    earlyOnly: false,
  });

  it("Replaces that names a call of ours goes to the shell, even where REFER is passed", () => {
    const rig = establishedWith("pass");
    rig.fromCallee("REFER", 5, {
      headers: [["Refer-To", `<sip:carol@tandem.example?Replaces=${encodeURIComponent(otherReplaces)}>`]],
    });
    expect(rig.effects).toContainEqual({
      kind: "route-transfer",
      target: "sip:carol@tandem.example",
      headers: [["Replaces", otherReplaces]],
    });
  });

  it("that call is reached by an INVITE that takes the named dialog's place, whatever its far party can do", () => {
    const found = junctionPlan(other.call, otherReplaces);
    expect(found?.profile.pool).toBe(JUNCTION_POOL);
    expect(found?.headers).toEqual([["Replaces", otherReplaces]]);
    const transferred = establishedWith("act");
    transferred.fromCallee("REFER", 5, { headers: REFER });
    transferred.event({ kind: "transfer-routed", attempts: [found!], failure: null });
    expect(transferred.sent("INVITE")).toMatchObject({ pool: JUNCTION_POOL });
    expect(transferred.sent("INVITE").request.get("Replaces")).toBe(otherReplaces);
  });

  it.each([
    ["answers the referrer's hold", "recvonly", "sendrecv"],
    ["does so from both sides", "inactive", "sendrecv"],
    ["holds by itself", "sendonly", "sendonly"],
  ])("a side that stays and %s is offered so: %s becomes %s", (_, before, after) => {
    const rig = establishedWith("act");
    const held = rig.fromCallee("INVITE", 4, { body: `${ANSWER}a=sendonly\r\n` });
    rig.answer(rig.sent("INVITE"), 200, { body: `${OFFER}a=${before}\r\n` });
    rig.fromCallee("ACK", 4);
    expect(rig.allResponded(held)).toEqual([200]);
    rig.fromCallee("REFER", 5, { headers: REFER });
    rig.event({ kind: "transfer-routed", attempts: [plan("second")], failure: null });
    expect(rig.sent("INVITE").request.body).toContain(`a=${after}\r\n`);
  });

  it("a dialog that the call does not have is no way", () => {
    expect(junctionPlan(other.call, otherReplaces.replace("tag-of-caller", "another"))).toBeNull();
  });
});

describe("REFER acted upon: to an emergency number", () => {
  const QUIET_OFFER = `${OFFER}a=rtpmap:13 CN/8000\r\n`.replace(/(m=audio \d+ RTP\/AVP [\d ]+)/, "$1 13");

  /** The callee asks us to transfer the caller to 911, whose two ways out are known. */
  function calling(offer = OFFER): CallRig {
    const rig = new CallRig();
    rig.invite({ body: offer, attempts: [plan("first", { profile: profile("first", { refer: "act" }) })] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("REFER", 5, { headers: REFER });
    rig.event({
      kind: "transfer-routed",
      attempts: [plan("psap-1"), plan("psap-2", { progressTimeoutMs: 5_000 })],
      failure: null,
      emergency: {
        preparation: { ...blankPreparation, callbackNumber: "+12125550100" },
        considered: [],
        callerLeg: "a",
      },
    });
    return rig;
  }

  it("an answer that crosses our CANCEL is taken, and the attempt under way given up: nobody is doubled or hung up on", () => {
    const rig = calling();
    const first = rig.sent("INVITE");
    rig.answer(first, 180);
    rig.event({ kind: "timer", timer: `ring:${rig.call.hunt?.current?.party ?? ""}` }, 180_000);
    const second = rig.sent("INVITE");
    expect(second.exchange).not.toBe(first.exchange);
    rig.answer(first, 200, { body: TARGET_SDP, tag: "late" });
    expect(rig.allSent("BYE")).toHaveLength(0);
    expect(rig.effects).toContainEqual(expect.objectContaining({ kind: "cancel", exchange: second.exchange }));
    expect(rig.call.hunt).toBeNull();
    expect(rig.sent("NOTIFY").request.body).toBe("SIP/2.0 200 OK\r\n");
  });

  it("goes on with the next way out when the worker that had it died, and tells the referrer nothing yet", () => {
    const rig = calling();
    rig.answer(rig.sent("NOTIFY"), 200);
    rig.event({ kind: "deadline" }, callDeadline(rig.call) - rig.now);
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
    expect(rig.call.transfer).not.toBeNull();
  });

  it("has no comfort noise towards the call taker (RFC 6881 ED-73), and does towards anybody else", () => {
    expect(calling(QUIET_OFFER).sent("INVITE").request.body).not.toContain("CN/8000");
  });

  it("its places are an emergency call's from then on, and no other emergency call ends it for one", () => {
    const rig = new CallRig();
    const limited = plan("first", { profile: profile("first", { refer: "act" }), maxCalls: 1 });
    rig.invite({ attempts: [limited] });
    rig.event({ kind: "gate", trunk: "first", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("REFER", 5, { headers: REFER });
    const attempts = [plan("first", { maxCalls: 0 }), plan("psap-2")];
    const emergency = { preparation: blankPreparation, considered: [], callerLeg: "a" } as const;
    rig.event({ kind: "transfer-routed", attempts, failure: null, emergency });
    expect(rig.effects).toContainEqual({ kind: "seize", trunk: "first", maxCalls: 0, preempts: false });
    rig.event({ kind: "end", failure: "preempted" });
    expect(rig.call.phase).toBe("up");
    // An attempt on the trunk that a leg is up on does not give that leg's place back when it fails.
    rig.answer(rig.sent("INVITE"), 503);
    expect(rig.kinds()).not.toContain("release");
    expect(rig.sent("INVITE").request.uri).toContain("psap-2");
  });

  it("survives its record: who the caller is and that it is an emergency call", () => {
    const rig = calling();
    const again = parseCall(serialiseCall(rig.call));
    expect(again).toMatchObject({
      ok: true,
      value: { facts: { emergency: { transfer: { callerLeg: "a", failed: false } } } },
    });
  });
});
