import { describe, expect, it } from "vitest";
import { ANSWER, CallRig, OFFER } from "./call-rig.ts";

const HELD = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");

describe("re-INVITE", () => {
  it("goes through with offer, answer and ACK in both directions", () => {
    const rig = new CallRig().establish();
    const reinvite = rig.fromCaller("INVITE", 101, { body: HELD });
    expect(rig.sent("INVITE").request.body).toContain("a=sendonly");
    expect(rig.sent("INVITE").request.get("CSeq")).toBe("2 INVITE");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded(reinvite)).toEqual([200]);
    expect(rig.allSent("ACK")).toHaveLength(1);
    rig.fromCaller("ACK", 101);
    expect(rig.sent("ACK").request.get("CSeq")).toBe("2 ACK");
    const back = rig.fromCallee("INVITE", 1, { body: ANSWER });
    expect(rig.sent("INVITE")).toMatchObject({ leg: "a" });
    rig.answer(rig.sent("INVITE"), 200, { body: OFFER });
    rig.fromCallee("ACK", 1);
    expect(rig.allResponded(back)).toEqual([200]);
    expect(rig.sent("ACK")).toMatchObject({ leg: "a" });
  });

  it("our o= keeps its session id in a dialog and counts its version", () => {
    const rig = new CallRig().establish();
    const first = /^o=.*$/m.exec(rig.allSent("INVITE")[0]?.request.body ?? "")?.[0];
    rig.fromCaller("INVITE", 101, { body: HELD });
    expect(/^o=.*$/m.exec(rig.sent("INVITE").request.body)?.[0]).toBe(first?.replace(" 1 IN", " 2 IN"));
  });

  it("without offer: the offer comes back in the 200, the answer goes on in the ACK", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.responded().response.body).toContain("m=audio 6000");
    rig.fromCaller("ACK", 101, { body: HELD });
    expect(rig.sent("ACK").request.body).toContain("a=sendonly");
  });

  it("moves the remote target when it succeeds (RFC 3261 §12.2.2), and not when it fails", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: HELD, contact: "<sip:alice@elsewhere.secret.example>" });
    rig.answer(rig.sent("INVITE"), 488);
    rig.fromCallee("INFO", 1);
    expect(rig.sent("INFO").request.uri).toBe("sip:alice@caller.secret.example:5070");
    rig.answer(rig.sent("INFO"), 200);
    rig.fromCaller("INVITE", 102, { body: HELD, contact: "<sip:alice@elsewhere.secret.example>" });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, contact: "<sip:bob@moved.secret.example>" });
    expect(rig.responded().response.get("Contact")).toBe("<sip:+12065550199@tandem.example:5060>");
    rig.fromCaller("ACK", 102);
    expect(rig.sent("ACK").request.uri).toBe("sip:bob@moved.secret.example");
    rig.fromCallee("INFO", 2);
    expect(rig.sent("INFO").request.uri).toBe("sip:alice@elsewhere.secret.example");
  });

  it.each([488, 415, 603])("%i leaves the session as it was", (status) => {
    const rig = new CallRig().establish();
    const reinvite = rig.fromCaller("INVITE", 101, { body: HELD });
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.allResponded(reinvite)).toEqual([status]);
    expect(rig.call.phase).toBe("up");
    expect(rig.call.parties.map(({ dialogs }) => dialogs[0]?.offer)).toEqual(["none", "none"]);
  });

  it.each([401, 407])("%i is told as 403: the challenge is between neighbours and does not pass", (status) => {
    const rig = new CallRig().establish();
    const reinvite = rig.fromCaller("INVITE", 101, { body: HELD });
    rig.answer(rig.sent("INVITE"), status, { headers: [["Proxy-Authenticate", 'Digest realm="x"']] });
    expect(rig.allResponded(reinvite)).toEqual([403]);
    const info = rig.fromCaller("INFO", 102);
    rig.answer(rig.sent("INFO"), status);
    expect(rig.allResponded(info)).toEqual([403]);
    expect(rig.call.phase).toBe("up");
  });

  it.each([481, 408])("RFC 5057 §5.1: %i ends the call", (status) => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: HELD });
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
  });

  it("RFC 3261 §14.2: a second one before the first is answered gets 500 with Retry-After 0…10", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INVITE", 101, { body: HELD });
    const second = rig.fromCaller("INVITE", 102, { body: OFFER });
    expect(rig.allResponded(second)).toEqual([500]);
    expect(Number(rig.responded().response.get("Retry-After"))).toBeLessThanOrEqual(10);
  });

  it("RFC 3261 §14.2: one that crosses ours gets 491, and the peer's 491 goes back", () => {
    const rig = new CallRig().establish();
    const fromA = rig.fromCaller("INVITE", 101, { body: HELD });
    const ours = rig.sent("INVITE");
    const fromB = rig.fromCallee("INVITE", 1, { body: ANSWER });
    expect(rig.allResponded(fromB)).toEqual([491]);
    rig.answer(ours, 491);
    expect(rig.allResponded(fromA)).toEqual([491]);
    expect(rig.call.phase).toBe("up");
  });

  it("one before the ACK of the last gets 491", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    const early = rig.fromCaller("INVITE", 101, { body: HELD });
    expect(rig.allResponded(early)).toEqual([491]);
  });

  it("a provisional response to it passes, a later 200 is the answer", () => {
    const rig = new CallRig().establish();
    const reinvite = rig.fromCaller("INVITE", 101, { body: HELD });
    rig.answer(rig.sent("INVITE"), 100);
    rig.answer(rig.sent("INVITE"), 180);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.allResponded(reinvite)).toEqual([180, 200]);
  });

  it("BYE while it is pending: it gets 487, and a 200 that still comes gets its ACK", () => {
    const rig = new CallRig().establish();
    const reinvite = rig.fromCaller("INVITE", 101, { body: HELD });
    const relayed = rig.sent("INVITE");
    const bye = rig.fromCallee("BYE", 1);
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.allResponded(reinvite)).toEqual([487]);
    rig.answer(relayed, 200, { body: ANSWER });
    expect(rig.allSent("ACK")).toHaveLength(2);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
  });
});

describe("UPDATE", () => {
  it("with an offer goes through", () => {
    const rig = new CallRig().establish();
    const update = rig.fromCallee("UPDATE", 1, { body: ANSWER.replace("6000", "6004") });
    rig.answer(rig.sent("UPDATE"), 200, { body: OFFER });
    expect(rig.allResponded(update)).toEqual([200]);
    expect(rig.responded().response.body).toContain("m=audio 4000");
  });

  it("RFC 3311 §5.2: one with an offer that crosses ours gets 491", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("UPDATE", 101, { body: HELD });
    const crossing = rig.fromCallee("UPDATE", 1, { body: ANSWER });
    expect(rig.allResponded(crossing)).toEqual([491]);
  });

  it("RFC 3311 §5.2: a second one of the same side gets 500 with Retry-After", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("UPDATE", 101, { body: HELD });
    const second = rig.fromCaller("UPDATE", 102, { body: OFFER });
    expect(rig.allResponded(second)).toEqual([500]);
  });
});

describe("the ACK of our 200", () => {
  it("missing: the call is ended with BYE on both legs and the called side acknowledged first", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.event({ kind: "ack-timeout", transaction: "invite-a" }, 32_000);
    const order = rig.log.flatMap((effect) =>
      effect.kind === "send" ? [`${effect.request.method} ${effect.leg}`] : [],
    );
    expect(order).toEqual(["INVITE b", "ACK b", "BYE a", "BYE b"]);
    expect(rig.sent("BYE").request.getAll("Reason")[0]).toContain("cause=408");
  });

  it("RFC 3261 §15: the called side hangs up before it: the caller's BYE waits for it", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    const bye = rig.fromCallee("BYE", 1);
    expect(rig.allResponded(bye)).toEqual([200]);
    expect(rig.allSent("BYE")).toHaveLength(0);
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a"]);
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds().at(-1)).toBe("finish");
  });

  it.each([
    ["caller", "a", "b"],
    ["callee", "b", "a"],
  ] as const)(
    "to a re-INVITE of the %s, lost with its edge: the other side hangs up, and the end waits for nothing",
    (_who, asking, ending) => {
      const rig = new CallRig().establish();
      const request = { a: rig.fromCaller.bind(rig), b: rig.fromCallee.bind(rig) };
      request[asking]("INVITE", 101, { body: HELD });
      rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
      request[ending]("BYE", 1_000);
      expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual([asking]);
      request[asking]("ACK", 101);
      rig.answer(rig.sent("BYE"), 200);
      expect(rig.kinds().at(-1)).toBe("finish");
      expect(rig.allSent("ACK").map(({ leg }) => leg)).toEqual(["b", ending]);
    },
  );

  it("late, after the timeout: nothing", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.event({ kind: "ack-timeout", transaction: "invite-a" }, 32_000);
    rig.fromCaller("ACK", 100);
    expect(rig.effects).toEqual([]);
  });
});
