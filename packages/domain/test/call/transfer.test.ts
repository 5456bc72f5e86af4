import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { callDeadline, occupiedTrunks } from "../../src/index.ts";
import { ANSWER, CALL_ID, CallRig, OFFER, plan, profile } from "./call-rig.ts";
import { REFER, TARGET_SDP, establishedWith } from "./transfer-rig.ts";

describe("REFER refused or passed on", () => {
  it("refuse: 603, and Allow does not offer it", () => {
    const rig = new CallRig();
    rig.invite({
      attempts: [plan("first", { profile: profile("first", { refer: "refuse" }) })],
      headers: [["Allow", "INVITE, REFER, BYE"]],
    });
    expect(rig.sent("INVITE").request.get("Allow")).toBe("INVITE, BYE");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    const refer = rig.fromCallee("REFER", 5, { headers: REFER });
    expect(rig.allResponded(refer)).toEqual([603]);
  });

  it("pass: Refer-To names us where the other leg can reach us, and the NOTIFY comes back under the referrer's id", () => {
    const rig = establishedWith("pass");
    const refer = rig.fromCallee("REFER", 5, {
      headers: [["Refer-To", "<sip:+12065550177@callee.secret.example>"], REFER[1]!],
    });
    const sent = rig.sent("REFER");
    expect(sent.leg).toBe("a");
    expect(sent.request.get("Refer-To")).toBe("<sip:+12065550177@tandem.example:5060>");
    expect(sent.request.get("Referred-By")).toBe("<sip:bob@tandem.example:5060>");
    rig.answer(sent, 202);
    expect(rig.allResponded(refer)).toEqual([202]);
    const id = sent.request.get("CSeq")?.split(" ")[0] ?? "";
    const notify = rig.fromCaller("NOTIFY", 101, {
      headers: [
        ["Event", `refer;id=${id}`],
        ["Subscription-State", "terminated;reason=noresource"],
      ],
      contentType: "message/sipfrag",
      body: "SIP/2.0 200 OK\r\nContact: <sip:carol@caller.secret.example>\r\n",
    });
    expect(rig.sent("NOTIFY").request.get("Event")).toBe("refer;id=5");
    expect(rig.sent("NOTIFY").request.body).toBe("SIP/2.0 200 OK\r\n");
    rig.answer(rig.sent("NOTIFY"), 200);
    expect(rig.allResponded(notify)).toEqual([200]);
  });

  it.each<[string, readonly HeaderLine[]]>([
    ["no Refer-To", []],
    ["two of them", [REFER[0]!, REFER[0]!]],
    ["one that cannot be called", [["Refer-To", "<http://somewhere.example>"]]],
    ["one for another method", [["Refer-To", "<sip:a@b.example;method=BYE>"]]],
  ])("%s: 400", (_, headers) => {
    const rig = establishedWith("act");
    const refer = rig.fromCallee("REFER", 5, { headers });
    expect(rig.allResponded(refer)).toEqual([400]);
  });

  it("RFC 6881 SP-38: the caller of an emergency call may not transfer it, the PSAP may (SP-37)", () => {
    const rig = new CallRig();
    const emergency = { service: "urn:service:sos", test: false };
    rig.invite({ emergency, attempts: [plan("first", { profile: profile("first", { refer: "act" }) })] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    expect(rig.allResponded(rig.fromCaller("REFER", 101, { headers: REFER }))).toEqual([403]);
    expect(rig.allResponded(rig.fromCallee("REFER", 1, { headers: REFER }))).toEqual([202]);
  });
});

describe("REFER acted upon: blind", () => {
  function referred(): CallRig {
    const rig = establishedWith("act");
    rig.fromCallee("REFER", 5, { headers: REFER });
    return rig;
  }

  function calling(): CallRig {
    const rig = referred();
    rig.event({ kind: "transfer-routed", attempts: [plan("third"), plan("fourth")], failure: null });
    return rig;
  }

  it("202, NOTIFY 100 and the question for a route", () => {
    const rig = referred();
    expect(rig.responded().response.status).toBe(202);
    const notify = rig.sent("NOTIFY");
    expect(notify.leg).toBe("b");
    expect(notify.request.get("Event")).toBe("refer;id=5");
    expect(notify.request.get("Subscription-State")).toMatch(/^active/);
    expect(notify.request.body).toBe("SIP/2.0 100 Trying\r\n");
    expect(rig.effects).toContainEqual({
      kind: "route-transfer",
      target: "sip:+12065550177@tandem.example",
      headers: [],
    });
  });

  it("the target gets an INVITE in the caller's name with the caller's description", () => {
    const { request, nextHop } = calling().sent("INVITE");
    expect(nextHop).toContain("third");
    expect(request.get("From")).toContain("Alice");
    expect(request.get("Referred-By")).toBe("<sip:bob@tandem.example:5060>");
    expect(request.body).toContain("m=audio 4000");
  });

  it("ringing is told, once", () => {
    const rig = calling();
    rig.answer(rig.sent("INVITE"), 180, { tag: "target" });
    rig.answer(rig.sent("INVITE"), 180, { tag: "target" });
    expect(rig.allSent("NOTIFY").map(({ request }) => request.body)).toEqual([
      "SIP/2.0 100 Trying\r\n",
      "SIP/2.0 180 Ringing\r\n",
    ]);
  });

  it("the answer joins target and caller: ACK, re-INVITE with the target's description, NOTIFY 200, BYE to the referrer", () => {
    const rig = calling();
    const acks = rig.allSent("ACK").length;
    const invite = rig.sent("INVITE");
    rig.answer(invite, 200, { tag: "target", body: TARGET_SDP, contact: "<sip:carol@target.secret.example>" });
    expect(rig.allSent("ACK")).toHaveLength(acks + 1);
    const rejoin = rig.sent("INVITE");
    expect(rejoin.leg).toBe("a");
    expect(rejoin.request.body).toContain("m=audio 8000");
    const last = rig.sent("NOTIFY");
    expect(last.request.get("Subscription-State")).toBe("terminated;reason=noresource");
    expect(last.request.body).toBe("SIP/2.0 200 OK\r\n");
    rig.answer(rejoin, 200, { body: OFFER });
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.answer(last, 200);
    expect(rig.sent("BYE").request.get("Call-ID")).toBe(`${CALL_ID}-b1`);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.call.phase).toBe("up");
    expect(occupiedTrunks(rig.call)).toEqual(["core", "third"]);
    const info = rig.fromCaller("INFO", 101);
    expect(rig.sent("INFO").request.uri).toBe("sip:carol@target.secret.example");
    rig.answer(rig.sent("INFO"), 200);
    expect(rig.allResponded(info)).toEqual([200]);
    rig.fromCaller("BYE", 102);
    expect(rig.sent("BYE").request.uri).toBe("sip:carol@target.secret.example");
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.call.facts.transferred).toBe(true);
  });

  it("the referrer's place on its trunk is given back when it is gone", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { maxCalls: 9, profile: profile("first", { refer: "act" }) })] });
    rig.event({ kind: "gate", trunk: "first", result: "reserved" });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("REFER", 5, { headers: [...REFER, ["Refer-Sub", "false"]] });
    rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: TARGET_SDP });
    expect(rig.kinds()).not.toContain("release");
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.effects).toContainEqual({ kind: "release", trunk: "first" });
  });

  it("a caller that answers with another description: the target gets that one", () => {
    const rig = calling();
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: TARGET_SDP });
    rig.answer(rig.sent("INVITE"), 200, { body: OFFER.replace("4000", "4002") });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "b" });
    expect(rig.sent("INVITE").request.body).toContain("m=audio 4002");
  });

  it("the first target fails over to the next, and when none is left the referrer is told and the call goes on", () => {
    const rig = calling();
    rig.answer(rig.sent("INVITE"), 503, { tag: "target" });
    expect(rig.sent("INVITE").nextHop).toContain("fourth");
    rig.answer(rig.sent("INVITE"), 486, { tag: "target" });
    expect(rig.sent("NOTIFY").request.body).toMatch(/^SIP\/2\.0 486/);
    expect(rig.sent("NOTIFY").request.get("Subscription-State")).toMatch(/^terminated/);
    rig.answer(rig.sent("NOTIFY"), 200);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.fromCaller("INFO", 101);
    expect(rig.sent("INFO")).toMatchObject({ leg: "b" });
  });

  it("no route: the same", () => {
    const rig = referred();
    rig.event({ kind: "transfer-routed", attempts: [], failure: "no-route" });
    expect(rig.sent("NOTIFY").request.body).toMatch(/^SIP\/2\.0 404/);
    expect(rig.call.transfer).toBeNull();
  });

  it("the referrer may hang up at once: the call lives on for the caller, and ends when nobody takes it", () => {
    const rig = calling();
    const bye = rig.fromCallee("BYE", 6);
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.call.phase).toBe("up");
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.answer(rig.sent("INVITE"), 486, { tag: "target" });
    expect(rig.sent("BYE")).toMatchObject({ leg: "a" });
  });

  it("the referrer may hang up at once: and the target answers", () => {
    const rig = calling();
    rig.fromCallee("BYE", 6);
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: TARGET_SDP });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "a" });
    expect(rig.call.parties.map(({ profile: { trunk } }) => trunk)).toEqual(["core", "third"]);
  });

  it("the caller hangs up while the target rings: CANCEL there, BYE to the referrer", () => {
    const rig = calling();
    const invite = rig.sent("INVITE");
    rig.answer(invite, 180, { tag: "target" });
    rig.fromCaller("BYE", 101);
    expect(rig.cancels()).toEqual([invite.exchange]);
    expect(rig.sent("BYE").request.get("Call-ID")).toBe(`${CALL_ID}-b1`);
  });

  it("a second REFER meanwhile gets 491", () => {
    const rig = calling();
    expect(rig.allResponded(rig.fromCallee("REFER", 6, { headers: REFER }))).toEqual([491]);
  });

  it("RFC 4488: without subscription there is no NOTIFY, and the referrer is ended at once", () => {
    const rig = establishedWith("act");
    rig.fromCallee("REFER", 5, { headers: [...REFER, ["Refer-Sub", "false"]] });
    expect(rig.responded().response.get("Refer-Sub")).toBe("false");
    rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: TARGET_SDP });
    expect(rig.allSent("NOTIFY")).toHaveLength(0);
    expect(rig.sent("BYE").request.get("Call-ID")).toBe(`${CALL_ID}-b1`);
  });

  it("the caller may transfer too: the target becomes the caller's side", () => {
    const rig = establishedWith("act");
    rig.fromCaller("REFER", 101, { headers: REFER });
    rig.event({ kind: "transfer-routed", attempts: [plan("third")], failure: null });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "a" });
    expect(rig.sent("INVITE").request.get("From")).toContain(`tag=${CALL_ID}-a2`);
    expect(rig.sent("INVITE").request.body).toContain("m=audio 6000");
    rig.answer(rig.sent("INVITE"), 200, { tag: "target", body: TARGET_SDP });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "b" });
  });

  it("a worker that dies meanwhile: the deadline gives the transfer up, the call goes on", () => {
    const rig = calling();
    rig.answer(rig.sent("NOTIFY"), 200);
    rig.now = callDeadline(rig.call);
    rig.event({ kind: "deadline" });
    expect(rig.call.transfer).toBeNull();
    expect(rig.call.phase).toBe("up");
    expect(rig.sent("NOTIFY").request.body).toMatch(/^SIP\/2\.0 503/);
  });
});
