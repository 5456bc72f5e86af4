import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import type { LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, OFFER, plan, profile } from "./call-rig.ts";

const SUPPORTED: HeaderLine = ["Supported", "100rel"];
const REQUIRED: HeaderLine = ["Require", "100rel"];
type Mode = LegProfile["reliableProvisional"];

function reliable(rseq: number): readonly HeaderLine[] {
  return [
    ["Require", "100rel"],
    ["RSeq", String(rseq)],
  ];
}

function called(mode: Mode) {
  return [plan("first", { profile: profile("first", { reliableProvisional: mode }) })];
}

function rackOf(rig: CallRig): string {
  return `${rig.responded().response.get("RSeq") ?? ""} 100 INVITE`;
}

describe("what our INVITE says about 100rel", () => {
  it.each<[string, Mode, HeaderLine | null, string | undefined, string | undefined]>([
    ["pass: as the caller, who supports it", "pass", SUPPORTED, "100rel", undefined],
    ["pass: as the caller, who requires it", "pass", REQUIRED, undefined, "100rel"],
    ["pass: as the caller, who does not know it", "pass", null, undefined, undefined],
    ["require: whatever the caller says", "require", null, undefined, "100rel"],
    ["off: nothing, even if the caller requires it", "off", REQUIRED, undefined, undefined],
  ])("%s", (_, mode, line, supported, require) => {
    const rig = new CallRig();
    rig.invite({ attempts: called(mode), headers: line === null ? [] : [line] });
    const { request } = rig.sent("INVITE");
    expect(request.getAll("Supported").filter((value) => value !== "timer")).toEqual(
      supported === undefined ? [] : [supported],
    );
    expect(request.get("Require")).toBe(require);
  });

  it("RFC 3262 §5: an INVITE without offer never asks for it on its own", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("require"), body: "" });
    expect(rig.sent("INVITE").request.has("Require")).toBe(false);
  });

  it("a caller that requires it on a leg where it is off gets 420", () => {
    const rig = new CallRig();
    rig.invite({ ingress: { reliableProvisional: "off" }, headers: [REQUIRED] });
    expect(rig.responded().response.status).toBe(420);
    expect(rig.responded().response.get("Unsupported")).toBe("100rel");
  });
});

describe("end to end", () => {
  function ringing(): CallRig {
    const rig = new CallRig();
    rig.invite({ headers: [SUPPORTED] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(4711) });
    return rig;
  }

  it("the response goes on with our own RSeq, and the caller's PRACK with the called side's", () => {
    const rig = ringing();
    const { response } = rig.responded();
    expect(response.get("Require")).toBe("100rel");
    expect(response.get("RSeq")).not.toBe("4711");
    expect(rig.allSent("PRACK")).toHaveLength(0);
    const prack = rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    expect(rig.sent("PRACK").request.get("RAck")).toBe("4711 1 INVITE");
    expect(rig.sent("PRACK").request.get("CSeq")).toBe("2 PRACK");
    expect(rig.allResponded(prack)).toEqual([]);
    rig.answer(rig.sent("PRACK"), 200);
    expect(rig.allResponded(prack)).toEqual([200]);
  });

  it("a PRACK with an offer is answered with the called side's answer", () => {
    const rig = ringing();
    const prack = rig.fromCaller("PRACK", 101, {
      headers: [["RAck", rackOf(rig)]],
      body: OFFER.replace("4000", "4002"),
    });
    expect(rig.sent("PRACK").request.body).toContain("m=audio 4002");
    rig.answer(rig.sent("PRACK"), 200, { body: ANSWER.replace("6000", "6002") });
    expect(rig.allResponded(prack)).toEqual([200]);
    expect(rig.responded().response.body).toContain("m=audio 6002");
  });

  it("an INVITE without offer: the offer comes in the 183, the answer goes in the PRACK", () => {
    const rig = new CallRig();
    rig.invite({ headers: [SUPPORTED], body: "" });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(1) });
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]], body: OFFER });
    expect(rig.sent("PRACK").request.body).toContain("m=audio 4000");
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 200);
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").request.body).toBe("");
    expect(rig.call.parties.map(({ dialogs }) => dialogs[0]?.offer)).toEqual(["none", "none"]);
  });

  it("RFC 3262 §3: a PRACK that fits no response in waiting gets 481", () => {
    const rig = ringing();
    const rack = rackOf(rig);
    const wrong = rig.fromCaller("PRACK", 101, { headers: [["RAck", "1 100 INVITE"]] });
    expect(rig.allResponded(wrong)).toEqual([481]);
    rig.fromCaller("PRACK", 102, { headers: [["RAck", rack]] });
    expect(rig.allSent("PRACK")).toHaveLength(1);
  });

  it("RFC 3262 §4: a repeated or out-of-order response is neither relayed nor acknowledged", () => {
    const rig = ringing();
    rig.answer(rig.sent("INVITE"), 183, { headers: reliable(4711) });
    rig.answer(rig.sent("INVITE"), 183, { headers: reliable(4713) });
    expect(rig.allResponded("invite-a")).toEqual([183]);
    rig.answer(rig.sent("INVITE"), 180, { headers: reliable(4712) });
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    expect(rig.allResponded("invite-a")).toEqual([183, 180]);
  });

  it("RFC 3262 §3: the 200 waits for the PRACK of a response with a description, and for its answer", () => {
    const rig = ringing();
    const rack = rackOf(rig);
    rig.answer(rig.sent("INVITE"), 200);
    expect(rig.allResponded("invite-a")).toEqual([183]);
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rack]] });
    expect(rig.allResponded("invite-a")).toEqual([183]);
    rig.answer(rig.sent("PRACK"), 200);
    expect(rig.allResponded("invite-a")).toEqual([183, 200]);
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
  });

  it("is sent again after 500 ms, then at twice the interval", () => {
    const rig = ringing();
    expect(rig.effects).toContainEqual({ kind: "start-timer", timer: "reliable:a", afterMs: 500 });
    rig.timer("reliable:a", 500);
    expect(rig.effects).toContainEqual({ kind: "start-timer", timer: "reliable:a", afterMs: 1_000 });
    rig.timer("reliable:a", 1_000);
    expect(rig.allResponded("invite-a")).toEqual([183, 183, 183]);
  });

  it("RFC 3262 §3: without PRACK after 64*T1 the INVITE is rejected with 504 and the called side cancelled", () => {
    const rig = ringing();
    rig.timer("reliable:a", 32_000);
    expect(rig.allResponded("invite-a")).toEqual([183, 504]);
    expect(rig.cancels()).toEqual(["b1-1"]);
  });

  it("the same with an answer that waited: it gets ACK and BYE", () => {
    const rig = ringing();
    rig.answer(rig.sent("INVITE"), 200);
    rig.timer("reliable:a", 32_000);
    expect(rig.allResponded("invite-a")).toEqual([183, 504]);
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.allSent("BYE")).toHaveLength(1);
  });
});

describe("one leg only", () => {
  it("called side: we send the PRACK, the caller gets the response unreliably", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("require") });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(9) });
    expect(rig.sent("PRACK").request.get("RAck")).toBe("9 1 INVITE");
    expect(rig.responded().response.has("RSeq")).toBe(false);
    expect(rig.responded().response.has("Require")).toBe(false);
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded("invite-a")).toEqual([183, 200]);
  });

  it("RFC 3261 §13.3.1.4: an answer that only the called side gave reliably is in the caller's 200", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("require") });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(9) });
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 200);
    const { response } = rig.responded();
    expect(response.status).toBe(200);
    expect(response.get("Content-Type")).toBe("application/sdp");
    expect(response.body).toContain("m=audio 6000");
  });

  it("the caller's 200 has no second answer where the caller had it reliably", () => {
    const rig = new CallRig();
    rig.invite({ headers: [SUPPORTED] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(9) });
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 200);
    expect(rig.responded().response).toMatchObject({ status: 200, body: "" });
  });

  it.each<[string, Mode, HeaderLine]>([
    ["the caller requires it", "pass", REQUIRED],
    ["the trunk requires it of a caller that supports it", "require", SUPPORTED],
  ])("caller: %s, the called side does not do it", (_, mode, line) => {
    const rig = new CallRig();
    rig.invite({ attempts: called("off"), ingress: { reliableProvisional: mode }, headers: [line] });
    rig.answer(rig.sent("INVITE"), 180);
    expect(rig.responded().response.get("Require")).toBe("100rel");
    const prack = rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    expect(rig.allResponded(prack)).toEqual([200]);
    expect(rig.allSent("PRACK")).toHaveLength(0);
  });

  it("RFC 3262 §3: the second response waits until the first has its PRACK", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("off"), headers: [REQUIRED] });
    rig.answer(rig.sent("INVITE"), 180);
    const first = rig.responded().response;
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER });
    expect(rig.allResponded("invite-a")).toEqual([180]);
    rig.fromCaller("PRACK", 101, { headers: [["RAck", `${first.get("RSeq") ?? ""} 100 INVITE`]] });
    expect(rig.allResponded("invite-a")).toEqual([180, 183]);
    expect(Number(rig.responded().response.get("RSeq"))).toBe(Number(first.get("RSeq")) + 1);
  });

  it("of a called side that sends one after the other without end, some wait for a PRACK and the rest counts as lost", () => {
    const rig = new CallRig();
    rig.invite({ headers: [REQUIRED] });
    for (let sent = 0; sent < 100; sent += 1) rig.answer(rig.sent("INVITE"), 180);
    const dialogs = rig.call.parties.flatMap((party) => party.dialogs);
    expect(dialogs.flatMap(({ reliable: state }) => state?.queue ?? [])).toHaveLength(20);
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.responded().response.status).toBe(200);
  });

  it("a final failure does not wait for PRACKs", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("off"), headers: [REQUIRED] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER });
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.allResponded("invite-a")).toEqual([183, 486]);
    expect(rig.effects).toContainEqual({ kind: "stop-timer", timer: "reliable:a" });
  });

  it("an offer in the caller's PRACK goes to the called side as UPDATE", () => {
    const rig = new CallRig();
    rig.invite({ headers: [REQUIRED] });
    const allow: HeaderLine = ["Allow", "INVITE, UPDATE"];
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: [...reliable(1), allow] });
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 180);
    const prack = rig.fromCaller("PRACK", 102, { headers: [["RAck", rackOf(rig)]], body: OFFER });
    expect(rig.allSent("PRACK")).toHaveLength(1);
    rig.answer(rig.sent("UPDATE"), 200, { body: ANSWER });
    expect(rig.allResponded(prack)).toEqual([200]);
    expect(rig.responded().response.get("CSeq")).toBe("102 PRACK");
    expect(rig.responded().response.body).toContain("m=audio 6000");
  });

  it("an offer in the caller's PRACK that the called side cannot take is refused with 488", () => {
    const rig = new CallRig();
    rig.invite({ attempts: called("off"), headers: [REQUIRED] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: [["Allow", "INVITE, UPDATE"]] });
    const prack = rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]], body: OFFER });
    // The called side's answer was not reliable, so towards it our offer is still open (RFC 3311 §5.1).
    expect(rig.allResponded(prack)).toEqual([488]);
  });
});
