import { describe, expect, it } from "vitest";
import { callDeadline, detailRecords, occupiedTrunks } from "../../src/index.ts";
import { ANSWER, CALL_ID, CallRig, OFFER, plan, START_MS } from "./call-rig.ts";

describe("a call that is answered", () => {
  it("saves the record before the INVITE to the called side leaves", () => {
    const rig = new CallRig();
    rig.invite();
    expect(rig.kinds().slice(0, 2)).toEqual(["save", "send"]);
    expect(rig.sent("INVITE")).toMatchObject({ leg: "b", pool: "east", nextHop: "sip:first.peer.example:5060" });
  });

  it("names its own dialog towards the called side: tag and Call-ID start with the call id", () => {
    const rig = new CallRig();
    rig.invite();
    const { request } = rig.sent("INVITE");
    expect(request.get("From")).toBe(`"Alice" <sip:+12065550100@tandem.example>;tag=${CALL_ID}-b1`);
    expect(request.get("Call-ID")).toBe(`${CALL_ID}-b1`);
    expect(request.get("CSeq")).toBe("1 INVITE");
    expect(request.get("Max-Forwards")).toBe("69");
    expect(request.uri).toBe("sip:+12065550199@first.peer.example;user=phone");
  });

  it("relays 180 with its own tag and Contact, but never 100", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 100);
    expect(rig.allResponded("invite-a")).toEqual([]);
    rig.answer(rig.sent("INVITE"), 180);
    const { response } = rig.responded();
    expect(response.status).toBe(180);
    expect(response.get("To")).toBe(`<sip:+12065550199@tandem.example>;tag=${CALL_ID}-a`);
    expect(response.get("From")).toContain("tag-of-caller");
    expect(response.get("Contact")).toBe("<sip:+12065550199@tandem.example:5060>");
  });

  it("saves the record before the 200 goes to the caller", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.kinds()[0]).toBe("save");
    const { response } = rig.responded();
    expect(response.status).toBe(200);
    expect(response.body).toContain("m=audio 6000 RTP/AVP 0");
    expect(response.body).not.toContain("callee");
    expect(rig.call.phase).toBe("up");
  });

  it("acknowledges the called side when the caller's ACK comes, once", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allSent("ACK")).toHaveLength(0);
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").request.uri).toBe("sip:bob@callee.secret.example:5080");
    expect(rig.sent("ACK").request.get("CSeq")).toBe("1 ACK");
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
  });

  it.each([
    ["bears the transaction of its INVITE: the edge of that has it", "invite-a", []],
    ["bears another: the edge that repeats the 2xx is told, after ours left", "ack-by-another-edge", ["invite-a"]],
  ])("an ACK that %s", (_case, transaction, told) => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100, { transaction });
    rig.fromCaller("ACK", 100, { transaction: "again" });
    const done = rig.log.flatMap((effect) => {
      if (effect.kind === "acknowledged") return [effect.transaction];
      return effect.kind === "send" && effect.request.method === "ACK" ? ["ACK"] : [];
    });
    expect(done).toEqual(["ACK", ...told]);
  });

  it("carries the answer in the ACK when the INVITE had no offer", () => {
    const rig = new CallRig();
    rig.invite({ body: "" });
    expect(rig.sent("INVITE").request.body).toBe("");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.responded().response.body).toContain("m=audio 6000");
    rig.fromCaller("ACK", 100, { body: OFFER });
    expect(rig.sent("ACK").request.body).toContain("m=audio 4000");
    expect(rig.sent("ACK").request.get("Content-Type")).toBe("application/sdp");
  });

  it("answers the caller's BYE at once, ends the other leg and finishes when that is answered", () => {
    const rig = new CallRig().establish();
    const bye = rig.fromCaller("BYE", 101, { headers: [["Reason", "Q.850;cause=16"]] });
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.sent("BYE").request.get("CSeq")).toBe("2 BYE");
    expect(rig.sent("BYE").request.get("Reason")).toBe("Q.850;cause=16");
    expect(rig.call.phase).toBe("ending");
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
  });

  it("ends the caller's leg in the caller's dialog when the called side hangs up", () => {
    const rig = new CallRig().establish();
    rig.fromCallee("BYE", 1);
    const { request, leg } = rig.sent("BYE");
    expect(leg).toBe("a");
    expect(request.uri).toBe("sip:alice@caller.secret.example:5070");
    expect(request.get("From")).toBe(`<sip:+12065550199@tandem.example>;tag=${CALL_ID}-a`);
    expect(request.get("To")).toContain("tag=tag-of-caller");
    expect(request.get("Call-ID")).toBe("call-id-of-caller");
  });

  it("finishes at the deadline when the BYE is never answered", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    rig.now = callDeadline(rig.call);
    expect(rig.now - START_MS).toBeLessThanOrEqual(10_000);
    expect(rig.event({ kind: "deadline" }).at(-1)).toEqual({ kind: "finish" });
  });

  it("answers crossing BYEs both with 200", () => {
    const rig = new CallRig().establish();
    const first = rig.fromCaller("BYE", 101);
    const second = rig.fromCallee("BYE", 1);
    expect([rig.allResponded(first), rig.allResponded(second)]).toEqual([[200], [200]]);
    expect(rig.allSent("BYE")).toHaveLength(1);
  });

  it("writes one call record with the times of the call", () => {
    const rig = new CallRig();
    rig.invite();
    rig.now += 1_000;
    rig.answer(rig.sent("INVITE"), 180);
    rig.now += 2_000;
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.now += 60_000;
    rig.fromCaller("BYE", 101);
    rig.answer(rig.sent("BYE"), 200);
    const { call, attempts } = detailRecords(rig.call, rig.now);
    expect(call).toMatchObject({
      id: CALL_ID,
      ingressTrunk: "core",
      egressTrunk: "first",
      callingNumber: "+12065550100",
      calledNumber: "+12065550199",
      ringMs: START_MS + 1_000,
      answerMs: START_MS + 3_000,
      endMs: START_MS + 63_000,
      durationMs: 60_000,
      postDialDelayMs: 1_000,
      sipCode: 200,
      q850: 16,
      endedBy: "caller",
      failure: null,
      attempts: 1,
    });
    expect(attempts).toMatchObject([{ id: `${CALL_ID}-1`, trunk: "first", sipCode: 200, outcome: "answered" }]);
  });

  it("shows every message in the ladder", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    rig.answer(rig.sent("BYE"), 200);
    const { call } = detailRecords(rig.call, rig.now);
    expect(call.ladder.map(({ from, to, summary }) => `${from} → ${to} ${summary}`)).toEqual([
      "core → tandem INVITE sip:+12065550199@tandem.example;user=phone",
      "tandem → first INVITE sip:+12065550199@first.peer.example;user=phone",
      "first → tandem 180 Ringing (INVITE)",
      "tandem → core 180 Ringing (INVITE)",
      "first → tandem 200 OK (INVITE)",
      "tandem → core 200 OK (INVITE)",
      "core → tandem ACK",
      "tandem → first ACK",
      "core → tandem BYE",
      "tandem → core 200 OK (BYE)",
      "tandem → first BYE",
      "first → tandem 200 OK (BYE)",
    ]);
  });

  it("occupies both trunks while it lives", () => {
    const rig = new CallRig().establish({ attempts: [plan("first")] });
    expect(occupiedTrunks(rig.call)).toEqual(["core", "first"]);
  });
});

describe("an INVITE that names nobody to send requests to (RFC 3261 §8.1.1.8)", () => {
  it.each([
    ["no Contact", ""],
    ["a Contact without an address", "*"],
  ])("%s: 400, and nobody is called", (_, contact) => {
    const rig = new CallRig();
    rig.invite({ contact });
    expect(rig.allResponded("invite-a")).toEqual([400]);
    expect(rig.allSent("INVITE")).toHaveLength(0);
  });

  it.each(["", ";branch=1"])("of a client by RFC 2543 (%j): served (RFC 4475 §3.4.1)", (branch) => {
    const rig = new CallRig();
    rig.invite({ contact: "", via: `SIP/2.0/UDP caller.secret.example${branch}` });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("a callback to whoever called for help: served", () => {
    const rig = new CallRig();
    rig.invite({ contact: "", callback: { callId: null } });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it.each(["", "*"])("for help (%j): served, and the caller is reached by its From", (contact) => {
    const rig = new CallRig();
    rig.invite({ contact, emergency: { service: "urn:service:sos", test: false } });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("BYE", 1);
    expect(rig.sent("BYE").request.uri).toBe("sip:+12065550100@caller.secret.example");
  });
});
