import { describe, expect, it } from "vitest";
import { awaitedInvite } from "../../src/index.ts";
import { ANSWER, callerInvite, CallRig } from "./call-rig.ts";

const arrival = { listener: "core", address: "192.0.2.10", port: 5062 };

function ringing(): CallRig {
  const rig = new CallRig();
  rig.invite({ arrival, headers: [["Via", "SIP/2.0/UDP phone.example;branch=z9hG4bKphone"]] });
  rig.answer(rig.sent("INVITE"), 180);
  return rig;
}

describe("the caller's INVITE, while he waits", () => {
  it("is kept as another edge needs it: what it is known by (RFC 3261 §17.2.3), what responses are made of (§8.2.6.2), and where it came from", () => {
    const awaited = awaitedInvite(ringing().call);
    expect(awaited).toMatchObject({ ...arrival, pool: "east", transaction: "invite-a" });
    const kept = callerInvite({ headers: [["Via", "SIP/2.0/UDP phone.example;branch=z9hG4bKphone"]] });
    const { message } = awaited ?? {};
    expect([message?.method, message?.uri]).toEqual(["INVITE", kept.uri]);
    for (const name of ["Via", "From", "To", "Call-ID", "CSeq"])
      expect(message?.getAll(name)).toEqual(kept.getAll(name));
    expect([message?.body, message?.has("Contact")]).toEqual(["", false]);
  });

  it("is kept from the record's first write on until the ACK of its answer", () => {
    const rig = new CallRig();
    rig.invite({ arrival });
    expect(awaitedInvite(rig.call)).not.toBeNull();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(awaitedInvite(rig.call)).toMatchObject({ transaction: "invite-a" });
    rig.fromCaller("ACK", 100);
    expect([awaitedInvite(rig.call), rig.call.arrival]).toEqual([null, null]);
  });

  it("is kept no more when it was refused or cancelled", () => {
    const refused = new CallRig();
    refused.invite({ arrival, rejection: "no-route" });
    expect(refused.call.arrival).toBeNull();
    const cancelled = ringing();
    cancelled.event({ kind: "cancelled", transaction: "invite-a", cancel: callerInvite() });
    expect(cancelled.call.arrival).toBeNull();
  });

  it("is not kept when it came over a connection", () => {
    const rig = new CallRig();
    rig.invite();
    expect([awaitedInvite(rig.call), rig.call.arrival]).toEqual([null, null]);
  });

  it("is that of the way by which it came last", () => {
    const rig = ringing();
    const request = callerInvite({ via: "SIP/2.0/UDP caller.example;branch=z9hG4bKnext" });
    const way = { id: "another", nextHop: null };
    const next = { ...arrival, port: 5080 };
    rig.event({ kind: "redelivered", transaction: "next", request, arrival: next, way, alive: ["b1-1"] });
    const awaited = awaitedInvite(rig.call);
    expect(awaited).toMatchObject({ ...next, transaction: "next" });
    expect(awaited?.message.get("Via")).toContain("z9hG4bKnext");
    rig.event({ kind: "redelivered", transaction: "over-tcp", request, way, alive: ["b1-1"] });
    expect(awaitedInvite(rig.call)).toBeNull();
  });
});
