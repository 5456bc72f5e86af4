import { buildRequest } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { detailRecords } from "../../src/index.ts";
import { ANSWER, CallRig, OFFER, plan } from "./call-rig.ts";

const cancel = buildRequest({
  method: "CANCEL",
  uri: "sip:+12065550199@tandem.example",
  headers: [["Reason", 'SIP;cause=200;text="Call completed elsewhere"']],
});

function cancelled(rig: CallRig, transaction = "invite-a"): void {
  rig.event({ kind: "cancelled", transaction, cancel });
}

describe("the caller cancels", () => {
  it("before any attempt was sent: the call is over", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { maxCalls: 1 })] });
    cancelled(rig);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.allResponded("invite-a")).toEqual([]);
    expect(detailRecords(rig.call, rig.now).call).toMatchObject({
      sipCode: 487,
      endedBy: "caller",
      failure: "caller-cancelled",
    });
  });

  it("while it rings: the called side is cancelled with the caller's Reason", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    cancelled(rig);
    expect(rig.effects).toContainEqual({
      kind: "cancel",
      exchange: "b1-1",
      headers: [["Reason", 'SIP;cause=200;text="Call completed elsewhere"']],
    });
    expect(rig.call.phase).toBe("ending");
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.allResponded("invite-a")).toEqual([180]);
  });

  it("and the CANCEL waited before its turn: call and attempt ended when it came", () => {
    const rig = new CallRig();
    rig.invite();
    const cameMs = rig.now + 1_000;
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel, cameMs }, 5_000);
    rig.answer(rig.sent("INVITE"), 487);
    const { call, attempts } = detailRecords(rig.call, rig.now);
    expect([call.endMs, ...attempts.map(({ endMs }) => endMs)]).toEqual([cameMs, cameMs]);
  });

  it("and the CANCEL waited for the very attempt: that one did not end before it began", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { maxCalls: 1 })] });
    const cameMs = rig.now + 1_000;
    rig.event({ kind: "gate", trunk: "first", result: "reserved" }, 5_000);
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel, cameMs });
    const { call, attempts } = detailRecords(rig.call, rig.now);
    expect(call.endMs).toBe(cameMs);
    for (const { startMs, endMs } of attempts) expect(endMs).toBeGreaterThanOrEqual(startMs);
  });

  it("and the called side's 200 crosses: ACK and BYE", () => {
    const rig = new CallRig();
    rig.invite();
    cancelled(rig);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.allSent("BYE")).toHaveLength(1);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.allResponded("invite-a")).toEqual([]);
  });

  it("before our 200 reaches the edge: the caller has 487, so the answered leg is ended", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    cancelled(rig);
    expect(rig.allSent("ACK")).toHaveLength(1);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["b"]);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
  });

  it("during failover: only the attempt under way is cancelled, and none follows", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first"), plan("second"), plan("third")] });
    rig.answer(rig.sent("INVITE"), 503);
    cancelled(rig);
    expect(rig.cancels()).toEqual(["b2-1"]);
    rig.answer(rig.sent("INVITE"), 487);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("a cancelled attempt that never ends keeps the record no longer than its transaction", () => {
    const rig = new CallRig();
    rig.invite();
    cancelled(rig);
    rig.event({ kind: "deadline" }, 41_000);
    expect(rig.kinds().at(-1)).toBe("finish");
  });
});

describe("a re-INVITE is cancelled", () => {
  it("the other leg's re-INVITE is cancelled too, and its 487 goes nowhere", () => {
    const rig = new CallRig().establish();
    const transaction = rig.fromCaller("INVITE", 101, { body: OFFER });
    const relayed = rig.sent("INVITE");
    cancelled(rig, transaction);
    expect(rig.cancels()).toEqual([relayed.exchange]);
    rig.answer(relayed, 487);
    expect(rig.allResponded(transaction)).toEqual([]);
    expect(rig.call.phase).toBe("up");
    expect(rig.call.exchanges).toEqual([]);
  });

  it("when the other leg accepted meanwhile it gets ACK and is brought back by a re-INVITE of ours", () => {
    const rig = new CallRig().establish();
    const held = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
    const transaction = rig.fromCaller("INVITE", 101, { body: held });
    const relayed = rig.sent("INVITE");
    cancelled(rig, transaction);
    rig.answer(relayed, 200, { body: ANSWER });
    expect(rig.allSent("ACK")).toHaveLength(2);
    const back = rig.sent("INVITE");
    expect(back.exchange).not.toBe(relayed.exchange);
    expect(back.request.body).not.toContain("sendonly");
    rig.answer(back, 200, { body: ANSWER });
    expect(rig.allSent("ACK")).toHaveLength(3);
    expect(rig.call.phase).toBe("up");
  });
});
