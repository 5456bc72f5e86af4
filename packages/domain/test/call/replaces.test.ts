import { withHeaders } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { ANSWER, callerInvite, CallRig, CALL_ID, OFFER, profile, sdp } from "./call-rig.ts";

const NEWCOMER_SDP = sdp("newcomer", "203.0.113.40", 9_000);
const CALLER_DIALOG = `call-id-of-caller;to-tag=${CALL_ID}-a;from-tag=tag-of-caller`;

function replacing(rig: CallRig, replaces: string, body = NEWCOMER_SDP): void {
  const invite = withHeaders(callerInvite({ body }), (headers) =>
    headers
      .set("Replaces", replaces)
      .set("Call-ID", "call-id-of-newcomer")
      .set("From", "<sip:carol@newcomer.secret.example>;tag=tag-of-newcomer")
      .set("Contact", "<sip:carol@newcomer.secret.example>")
      .set("Record-Route", "<sip:proxy.newcomer.secret.example;lr>")
      .set("CSeq", "1 INVITE"),
  );
  rig.event({ kind: "replacing-invite", transaction: "newcomer", request: invite, profile: profile("third") });
}

describe("INVITE with Replaces (RFC 3891)", () => {
  it("its offer goes to the side that stays, whose answer is the answer, and the replaced dialog gets BYE", () => {
    const rig = new CallRig().establish();
    replacing(rig, CALLER_DIALOG);
    const offer = rig.sent("INVITE");
    expect(offer.leg).toBe("b");
    expect(offer.request.body).toContain("m=audio 9000");
    rig.answer(offer, 200, { body: ANSWER });
    const { response } = rig.log.findLast((effect) => effect.kind === "respond")!;
    expect(rig.allResponded("newcomer")).toEqual([200]);
    expect(response.get("To")).toContain(`tag=${CALL_ID}-a2`);
    expect(response.get("Record-Route")).toBe("<sip:proxy.newcomer.secret.example;lr>");
    expect(rig.sent("BYE").request.get("Call-ID")).toBe("call-id-of-caller");
    rig.answer(rig.sent("BYE"), 200);
    rig.event({
      kind: "request",
      leg: "a",
      transaction: "ack",
      request: withHeaders(callerInvite({ body: "" }), (headers) =>
        headers
          .set("From", "<sip:carol@newcomer.secret.example>;tag=tag-of-newcomer")
          .set("To", `<sip:x@tandem.example>;tag=${CALL_ID}-a2`),
      ),
    });
    expect(rig.call.parties.map(({ id }) => id)).toEqual(["b1", "a2"]);
    expect(rig.call.phase).toBe("up");
  });

  it("a side that stays and refuses the offer: the newcomer gets that answer, the call goes on as it was", () => {
    const rig = new CallRig().establish();
    replacing(rig, CALLER_DIALOG);
    rig.answer(rig.sent("INVITE"), 488);
    expect(rig.allResponded("newcomer")).toEqual([488]);
    expect(rig.call.parties.map(({ id }) => id)).toEqual(["a", "b1"]);
    rig.fromCaller("INFO", 101);
    expect(rig.sent("INFO")).toMatchObject({ leg: "b" });
  });

  it("the newcomer cancels: the re-INVITE is cancelled, the call goes on as it was", () => {
    const rig = new CallRig().establish();
    replacing(rig, CALLER_DIALOG);
    const offer = rig.sent("INVITE");
    rig.event({ kind: "cancelled", transaction: "newcomer", cancel: callerInvite() });
    expect(rig.cancels()).toEqual([offer.exchange]);
    rig.answer(offer, 487);
    expect(rig.allResponded("newcomer")).toEqual([]);
    expect(rig.call.parties.map(({ id }) => id)).toEqual(["a", "b1"]);
  });

  it.each([
    ["a dialog that is not there", CALLER_DIALOG.replace("tag-of-caller", "nobody"), 481],
    ["no dialog at all", "nonsense", 481],
    ["early-only, and the dialog is confirmed", `${CALLER_DIALOG};early-only`, 486],
  ])("%s: %s gives %i", (_, replaces, status) => {
    const rig = new CallRig().establish();
    replacing(rig, replaces);
    expect(rig.allResponded("newcomer")).toEqual([status]);
  });

  it("RFC 6881 SP-38: nobody takes the caller's place in an emergency call: 403", () => {
    const rig = new CallRig();
    rig.invite({ emergency: { service: "urn:service:sos", test: false } });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    replacing(rig, CALLER_DIALOG);
    expect(rig.allResponded("newcomer")).toEqual([403]);
  });

  describe("an early dialog", () => {
    const CALLEE_DIALOG = `${CALL_ID}-b1;to-tag=${CALL_ID}-b1;from-tag=tag-of-callee`;
    function ringing(body = OFFER): CallRig {
      const rig = new CallRig();
      rig.invite({ body });
      rig.answer(rig.sent("INVITE"), 180);
      return rig;
    }

    it("that we began is picked up: both are answered with each other's description, what rings is cancelled", () => {
      const rig = ringing();
      const rings = rig.sent("INVITE");
      replacing(rig, `${CALLEE_DIALOG};early-only`);
      expect(rig.cancels()).toEqual([rings.exchange]);
      expect(rig.allResponded("newcomer")).toEqual([200]);
      expect(rig.allResponded("invite-a")).toEqual([180, 200]);
      const given = (transaction: string) =>
        rig.log.findLast((effect) => effect.kind === "respond" && effect.transaction === transaction);
      const toCaller = given("invite-a");
      const toNewcomer = given("newcomer");
      if (toCaller?.kind !== "respond" || toNewcomer?.kind !== "respond") throw new Error("nobody was answered");
      expect(toCaller.response.body).toContain("m=audio 9000");
      expect(toNewcomer.response.body).toContain("m=audio 4000");
      rig.answer(rings, 487);
      rig.fromCaller("ACK", 100, { ourTag: /tag=(\S+)/.exec(toCaller.response.get("To") ?? "")?.[1] ?? "" });
      expect(rig.allSent("ACK")).toEqual([]);
      expect(rig.call.phase).toBe("up");
      rig.fromCaller("BYE", 101, { ourTag: /tag=(\S+)/.exec(toCaller.response.get("To") ?? "")?.[1] ?? "" });
      rig.event({ kind: "ack-timeout", transaction: "newcomer" });
      expect(rig.sent("BYE").request.get("Call-ID")).toBe("call-id-of-newcomer");
    });

    it.each([
      ["offers other media", NEWCOMER_SDP.replace("m=audio 9000 RTP/AVP 0", "m=audio 9000 RTP/AVP 18")],
      ["offers more media", `${NEWCOMER_SDP}m=video 9002 RTP/AVP 34\r\n`],
      ["makes no offer", ""],
    ])("that we began, by somebody who %s: 488, and it rings on", (_, body) => {
      const rig = ringing();
      replacing(rig, CALLEE_DIALOG, body);
      expect(rig.allResponded("newcomer")).toEqual([488]);
      rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
      expect(rig.allResponded("invite-a")).toEqual([180, 200]);
    });
  });

  it("an early dialog that the caller began is not replaced: 481", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    replacing(rig, CALLER_DIALOG);
    expect(rig.allResponded("newcomer")).toEqual([481]);
  });

  it("RFC 3891 §3: a dialog that has ended gives 603", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    replacing(rig, CALLER_DIALOG);
    expect(rig.allResponded("newcomer")).toEqual([603]);
  });

  it("while a re-INVITE is pending: 491", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: OFFER });
    replacing(rig, CALLER_DIALOG);
    expect(rig.allResponded("newcomer")).toEqual([491]);
  });
});
