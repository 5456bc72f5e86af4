import { describe, expect, it } from "vitest";
import { ANSWER, CALL_ID, CallRig, OFFER, plan, profile } from "./call-rig.ts";

describe("provisional responses", () => {
  it.each([180, 181, 182, 183])("%i is relayed", (status) => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), status, { headers: [["Alert-Info", "<urn:alert:tone>"]] });
    expect(rig.responded().response.status).toBe(status);
    expect(rig.responded().response.get("Alert-Info")).toBe("<urn:alert:tone>");
  });

  it("183 carries early media with our own o= line", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER });
    const { body } = rig.responded().response;
    expect(body).toContain("m=audio 6000 RTP/AVP 0");
    expect(body).toMatch(/^o=- \d+ 1 IN IP4 tandem\.example\r$/m);
    expect(body).toContain("s=-\r\n");
  });

  it("the same description in 183 and 200 keeps its o= version, another one has the next", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER });
    const early = /^o=.*$/m.exec(rig.responded().response.body)?.[0];
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER.replace("6000", "6002") });
    expect(/^o=.*$/m.exec(rig.responded().response.body)?.[0]).toBe(early?.replace(" 1 IN", " 2 IN"));
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER.replace("6000", "6002") });
    expect(/^o=.*$/m.exec(rig.responded().response.body)?.[0]).toBe(early?.replace(" 1 IN", " 2 IN"));
  });

  it("one after the final response is not relayed", () => {
    const rig = new CallRig().establish();
    const before = rig.allResponded("invite-a").length;
    rig.answer(rig.sent("INVITE"), 183);
    expect(rig.allResponded("invite-a")).toHaveLength(before);
    expect(rig.effects).toEqual([]);
  });
});

describe("forks of the called side", () => {
  it("each has its own To tag towards the caller, the same one every time", () => {
    const rig = new CallRig();
    rig.invite();
    const tags = ["one", "two", "one"].map((tag) => {
      rig.answer(rig.sent("INVITE"), 180, { tag });
      return rig.responded().response.get("To");
    });
    expect(tags[0]).toContain(`tag=${CALL_ID}-a`);
    expect(tags[1]).toContain(`tag=${CALL_ID}-a.2`);
    expect(tags[2]).toBe(tags[0]);
  });

  it("the answer of one is the answer in its dialog, and the others are forgotten", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180, { tag: "one" });
    rig.answer(rig.sent("INVITE"), 180, { tag: "two" });
    rig.answer(rig.sent("INVITE"), 200, { tag: "two", body: ANSWER });
    expect(rig.responded().response.get("To")).toContain(`tag=${CALL_ID}-a.2`);
    expect(rig.call.parties.map(({ dialogs }) => dialogs.map(({ id }) => id))).toEqual([["a.2"], ["b1.2"]]);
  });

  it("more than the trunk allows ring unheard, but may answer", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { profile: profile("first", { maxEarlyDialogs: 1 }) })] });
    rig.answer(rig.sent("INVITE"), 180, { tag: "one" });
    rig.answer(rig.sent("INVITE"), 180, { tag: "two" });
    expect(rig.allResponded("invite-a")).toEqual([180]);
    rig.answer(rig.sent("INVITE"), 200, { tag: "two", body: ANSWER });
    expect(rig.allResponded("invite-a")).toEqual([180, 200]);
  });

  it("RFC 6228: 199 ends one of them and is not passed on", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183, { tag: "one" });
    rig.answer(rig.sent("INVITE"), 183, { tag: "two" });
    rig.answer(rig.sent("INVITE"), 199, { tag: "one" });
    expect(rig.allResponded("invite-a")).toEqual([183, 183]);
    expect(rig.call.parties.flatMap(({ dialogs }) => dialogs.map(({ id }) => id))).toEqual(["a.2", "b1.2"]);
  });

  it("BYE in one of several early dialogs ends that fork alone (RFC 3261 §15)", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183, { tag: "one" });
    rig.answer(rig.sent("INVITE"), 183, { tag: "two" });
    const bye = rig.fromCaller("BYE", 101);
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.sent("BYE").request.get("To")).toContain("tag=one");
    expect(rig.cancels()).toEqual([]);
    rig.answer(rig.sent("BYE"), 200);
    rig.answer(rig.sent("INVITE"), 200, { tag: "two", body: ANSWER });
    expect(rig.call.phase).toBe("up");
  });

  it("BYE in the only early dialog is a hang-up: 487 and CANCEL", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 183);
    const bye = rig.fromCaller("BYE", 101);
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.allResponded("invite-a")).toEqual([183, 487]);
    expect(rig.cancels()).toEqual(["b1-1"]);
  });
});

describe("UPDATE in an early dialog", () => {
  it("goes to the fork it was sent for and its answer comes back", () => {
    const rig = new CallRig();
    rig.invite({ headers: [["Supported", "100rel"]] });
    rig.answer(rig.sent("INVITE"), 183, {
      tag: "one",
      body: ANSWER,
      headers: [
        ["Require", "100rel"],
        ["RSeq", "7"],
        ["Allow", "INVITE, UPDATE"],
      ],
    });
    const rack = `${rig.responded().response.get("RSeq") ?? ""} 100 INVITE`;
    const prack = rig.fromCaller("PRACK", 101, { headers: [["RAck", rack]] });
    rig.answer(rig.sent("PRACK"), 200);
    expect(rig.allResponded(prack)).toEqual([200]);
    const update = rig.fromCaller("UPDATE", 102, { body: OFFER.replace("4000", "4002") });
    const sent = rig.sent("UPDATE");
    expect(sent.request.get("To")).toContain("tag=one");
    expect(sent.request.get("CSeq")).toBe("3 UPDATE");
    rig.answer(sent, 200, { body: ANSWER });
    expect(rig.allResponded(update)).toEqual([200]);
  });

  it("RFC 3311 §5.2: with an offer while the INVITE's offer has no answer is refused with 500 and Retry-After", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    const update = rig.fromCaller("UPDATE", 101, { body: OFFER });
    expect(rig.allResponded(update)).toEqual([500]);
    expect(Number(rig.responded().response.get("Retry-After"))).toBeLessThanOrEqual(10);
  });

  it("RFC 3311 §5.2: the called side's, while our offer is unanswered, is refused with 491", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    const update = rig.fromCallee("UPDATE", 1, { body: ANSWER });
    expect(rig.allResponded(update)).toEqual([491]);
  });
});
