import { formatMessage } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { ANSWER, callerInvite, CallRig, plan } from "./call-rig.ts";

describe("the edge died while a call was set up", () => {
  const lost = (rig: CallRig, failure: "edge-lost" | "edge-unavailable" | "superseded" = "edge-lost") =>
    rig.event({ kind: "no-response", exchange: rig.call.hunt?.current?.exchange ?? "", failure });
  const byAnotherEdge = (rig: CallRig, alive: readonly string[] = []) =>
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite(), alive });

  it("the called side's: the same INVITE goes again with the same branch, which is a retransmission to the peer", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    lost(rig);
    const [first, second] = rig.allSent("INVITE");
    expect(second?.branch).toBe(first?.branch);
    expect(formatMessage(second!.request)).toBe(formatMessage(first!.request));
    expect(rig.call.attempts).toHaveLength(1);
    rig.answer(second!, 180);
    rig.answer(second!, 200, { body: ANSWER });
    expect(rig.responded().response.status).toBe(200);
  });

  it("edge after edge: three times more, then it is a failed attempt", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first")] });
    for (const failure of ["edge-lost", "edge-unavailable", "edge-lost", "edge-lost"] as const) lost(rig, failure);
    expect(rig.allSent("INVITE")).toHaveLength(4);
    expect(rig.responded().response.status).toBe(503);
  });

  it("none to send by in the first place: the next trunk", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first"), plan("second")] });
    lost(rig, "edge-unavailable");
    expect(rig.call.attempts.map(({ outcome }) => outcome)).toEqual(["edge-unavailable", ""]);
  });

  it("the caller's, and its INVITE comes to the worker that serves the call: it rings on, and the caller is told", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byAnotherEdge(rig, ["b1-1"]);
    expect(rig.allSent("INVITE")).toHaveLength(1);
    expect(rig.allResponded("again")).toEqual([180]);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded("again")).toEqual([180, 200]);
  });

  it("the caller's, and its INVITE comes to another worker: the called side gets a retransmission, no second call", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    byAnotherEdge(rig);
    const [first, second] = rig.allSent("INVITE");
    expect(second?.branch).toBe(first?.branch);
    expect(rig.effects).toContainEqual({ kind: "start-timer", timer: "ring:b1", afterMs: 180_000 });
    rig.answer(second!, 200, { body: ANSWER });
    expect(rig.allResponded("again")).toEqual([200]);
  });

  it("another worker took over: what this one sent ends without an effect", () => {
    const rig = new CallRig();
    rig.invite();
    lost(rig, "superseded");
    expect(rig.effects).toEqual([]);
    expect(rig.call.phase).toBe("setup");
  });

  it.each([487, 482])(
    "%i to the repeated INVITE: cancelled or taken for merged, so the attempt begins anew, once",
    (status) => {
      const rig = new CallRig();
      rig.invite({ attempts: [plan("first")] });
      lost(rig);
      rig.answer(rig.sent("INVITE"), status);
      const third = rig.allSent("INVITE")[2]!;
      expect(third.request.get("Call-ID")).not.toBe(rig.allSent("INVITE")[0]?.request.get("Call-ID"));
      rig.answer(third, status);
      expect(rig.allSent("INVITE")).toHaveLength(3);
      expect(rig.responded().response.status).toBe(status);
    },
  );
});
