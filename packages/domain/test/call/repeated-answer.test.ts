import { describe, expect, it } from "vitest";
import { withHeaders } from "@tandem/sip";
import { ANSWER, CallRig, OFFER, plan, sdp } from "./call-rig.ts";

type Sent = ReturnType<CallRig["sent"]>;

/** Says its 2xx once more, to an edge that has no ACK for it. */
function repeats(rig: CallRig, sent: Sent, body = ANSWER): void {
  const response = rig.response(sent, 200, { body });
  rig.event({ kind: "orphan-answer", response, edge: "e1" });
}

/** What stands in an ACK, but for what the other side's ACK brought. */
function told({ request }: Sent) {
  return [request.uri, request.get("To"), request.get("From"), request.get("CSeq"), request.body];
}

/** Every repetition gets the ACK once more, and nothing else is sent. */
function expectSameAck(rig: CallRig, sent: Sent, body = ANSWER): void {
  const first = rig.sent("ACK");
  expect(first.request.get("CSeq")).toBe(sent.request.get("CSeq")?.replace("INVITE", "ACK"));
  for (let times = 0; times < 2; times += 1) {
    const before = rig.log.length;
    repeats(rig, sent, body);
    const after = rig.log.slice(before).filter(({ kind }) => kind === "send");
    expect(after).toHaveLength(1);
    expect(told(rig.sent("ACK"))).toEqual(told(first));
  }
  expect(rig.call.phase).toBe("up");
}

describe("a peer that repeats its 2xx has no ACK, and gets the same once more (RFC 3261 §13.2.2.4)", () => {
  it("the called side's answer to the INVITE", () => {
    const rig = new CallRig().establish();
    expectSameAck(rig, rig.sent("INVITE"));
  });

  it("with the answer, where the INVITE had no offer", () => {
    const rig = new CallRig();
    rig.invite({ body: "" });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: OFFER });
    rig.fromCaller("ACK", 100, { body: ANSWER });
    expect(rig.sent("ACK").request.body).toContain("m=audio 6000");
    expectSameAck(rig, sent, OFFER);
  });

  it("the called side's answer to a re-INVITE", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: OFFER });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: ANSWER });
    rig.fromCaller("ACK", 101);
    expectSameAck(rig, sent);
  });

  it("with the answer, where the re-INVITE had no offer", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101);
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: OFFER });
    rig.fromCaller("ACK", 101, { body: sdp("caller", "192.0.2.10", 4_002) });
    expect(rig.sent("ACK").request.body).toContain("m=audio 4002");
    expectSameAck(rig, sent, OFFER);
  });

  it("the caller's answer to a re-INVITE", () => {
    const rig = new CallRig().establish();
    rig.fromCallee("INVITE", 1, { body: OFFER });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: ANSWER });
    rig.fromCallee("ACK", 1);
    expectSameAck(rig, sent);
  });

  it("a side that waits for a transfer", () => {
    const rig = new CallRig().establish({ attempts: [plan("first")] });
    const sent = rig.sent("INVITE");
    rig.call.parties.find(({ role }) => role === "uac")!.dialogs[0]!.peer = null;
    expectSameAck(rig, sent);
  });

  it("a side whose call is ending, and its BYE is under way", () => {
    const rig = new CallRig().establish();
    const sent = rig.sent("INVITE");
    rig.fromCaller("BYE", 101);
    repeats(rig, sent);
    expect(rig.allSent("ACK")).toHaveLength(2);
    expect(rig.allSent("BYE")).toHaveLength(1);
  });

  it("a leg that was withdrawn, and answered all the same: its ACK, and no further BYE", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { connectTimeoutMs: 1_000 }), plan("second")] });
    const first = rig.sent("INVITE");
    rig.event({ kind: "timer", timer: "connect:b1" }, 1_000);
    for (let times = 1; times <= 3; times += 1) {
      repeats(rig, first);
      expect([rig.allSent("ACK").length, rig.allSent("BYE").length]).toEqual([times, 1]);
    }
    expect(rig.call.phase).toBe("setup");
  });
});

describe("a 2xx that comes once more", () => {
  it("of another fork is ended (RFC 3261 §13.2.2.4)", () => {
    const rig = new CallRig().establish();
    const response = rig.response(rig.sent("INVITE"), 200, { body: ANSWER, tag: "other-fork" });
    rig.event({ kind: "orphan-answer", response });
    expect(rig.sent("ACK").request.get("To")).toContain("tag=other-fork");
    expect(rig.sent("BYE").request.get("To")).toContain("tag=other-fork");
    expect(rig.call.phase).toBe("up");
  });

  it("of a description that was replaced since is nothing: the peer had its ACK", () => {
    const rig = new CallRig();
    rig.invite({ body: "" });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 200, { body: OFFER });
    rig.fromCaller("ACK", 100, { body: ANSWER });
    rig.fromCaller("INVITE", 101, { body: sdp("caller", "192.0.2.10", 4_002) });
    rig.answer(rig.sent("INVITE"), 200, { body: OFFER });
    rig.fromCaller("ACK", 101);
    const before = rig.log.length;
    repeats(rig, sent, OFFER);
    expect(rig.log.slice(before).filter(({ kind }) => kind === "send")).toEqual([]);
  });

  it("of an INVITE that was never sent in the dialog is nothing", () => {
    const rig = new CallRig().establish();
    const sent = rig.sent("INVITE");
    const request = withHeaders(sent.request, (edit) => void edit.set("CSeq", "999 INVITE"));
    const before = rig.log.length;
    repeats(rig, { ...sent, request });
    expect(rig.log.slice(before)).toEqual([]);
  });

  it("while the caller's PRACK is awaited gets no ACK before", () => {
    const rig = new CallRig();
    rig.invite({ headers: [["Require", "100rel"]] });
    const sent = rig.sent("INVITE");
    rig.answer(sent, 183, { body: ANSWER });
    rig.answer(sent, 200);
    const before = rig.log.length;
    repeats(rig, sent, "");
    expect(rig.log.slice(before)).toEqual([]);
  });
});
