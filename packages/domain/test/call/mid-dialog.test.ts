import { describe, expect, it } from "vitest";
import { callDeadline } from "../../src/index.ts";
import { ANSWER, CallRig, OFFER, plan, profile } from "./call-rig.ts";

const HELD = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");

describe("where a request in a dialog goes", () => {
  const named = { peerHost: "gw.peer.example:5061", nextHop: "sip:gw.peer.example:5061;transport=tls;lr" };
  const addressed = { peerHost: "192.0.2.7:5061", nextHop: "sip:192.0.2.7:5061;transport=tls;lr" };

  it.each([
    ["udp: the Contact, TCP too", { transport: "udp" }, "<sip:b@192.0.2.9;transport=tcp>", null],
    ["udp, and the Contact asks for TLS: the trunk's way", { ...named, transport: "udp" }, "<sips:b@x.example>", named],
    [
      "tls, and the Contact asks for another transport: the trunk's way",
      named,
      "<sip:b@x.example;transport=tcp>",
      named,
    ],
    ["tls, a Contact with a name: the Contact", named, "<sip:b@x.example;transport=tls>", null],
    ["tls, a bare address no certificate proves: the trunk's way", named, "<sip:b@192.0.2.9;transport=tls>", named],
    ["tls, the same in IPv6", named, "<sip:b@[2001:db8::9]:5061;transport=tls>", named],
    ["tls, a gateway known by its address: the Contact", addressed, "<sip:b@192.0.2.9;transport=tls>", null],
  ] as const)("%s", (_name, change, contact, way) => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { profile: profile("first", { transport: "tls", ...change }) })] });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, contact });
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").nextHop).toBe(way === null ? null : way.nextHop);
  });
});

describe("requests that pass through", () => {
  it.each(["INFO", "MESSAGE", "NOTIFY", "SUBSCRIBE", "OPTIONS", "PUBLISH", "FUTURE"])(
    "%s goes to the other leg with that leg's CSeq, and the answer comes back",
    (method) => {
      const rig = new CallRig().establish();
      const transaction = rig.fromCaller(method, 101, {
        body: "Signal=5\r\nDuration=160",
        contentType: "application/dtmf-relay",
        headers: [["X-Custom", "as it is;"]],
      });
      const sent = rig.sent(method);
      expect(rig.kinds()[0]).toBe("save");
      expect(sent.request.get("CSeq")).toBe(`2 ${method}`);
      expect(sent.request.get("X-Custom")).toBe("as it is;");
      expect(sent.request.get("Content-Type")).toBe("application/dtmf-relay");
      expect(sent.request.body).toBe("Signal=5\r\nDuration=160");
      rig.answer(sent, 202, { headers: [["X-Back", "too"]] });
      expect(rig.allResponded(transaction)).toEqual([202]);
      expect(rig.responded().response.get("CSeq")).toBe(`101 ${method}`);
      expect(rig.responded().response.get("X-Back")).toBe("too");
    },
  );

  it("the called side's requests go to the caller", () => {
    const rig = new CallRig().establish();
    const transaction = rig.fromCallee("INFO", 7);
    expect(rig.sent("INFO")).toMatchObject({ leg: "a" });
    expect(rig.sent("INFO").request.get("CSeq")).toBe("1 INFO");
    rig.answer(rig.sent("INFO"), 200);
    expect(rig.allResponded(transaction)).toEqual([200]);
  });

  it("several at once are answered each with its own answer", () => {
    const rig = new CallRig().establish();
    const first = rig.fromCaller("INFO", 101);
    const firstSent = rig.sent("INFO");
    const second = rig.fromCaller("INFO", 102);
    rig.answer(rig.sent("INFO"), 200);
    rig.answer(firstSent, 415);
    expect(rig.allResponded(first)).toEqual([415]);
    expect(rig.allResponded(second)).toEqual([200]);
  });

  it("of a side that sends without end while nobody answers, 64 are passed on and the rest gets 500 with Retry-After", () => {
    const rig = new CallRig().establish();
    const sent = Array.from({ length: 100 }, (_, at) => rig.fromCaller("INFO", 101 + at));
    expect(rig.allSent("INFO")).toHaveLength(64);
    expect(rig.allResponded(sent[64] ?? "")).toEqual([500]);
    expect(rig.responded().response.has("Retry-After")).toBe(true);
    rig.answer(rig.sent("INFO"), 200);
    expect(rig.allResponded(rig.fromCaller("INFO", 201))).toEqual([]);
  });

  it.each([
    ["no answer", null],
    ["408", 408],
  ])("%s from the other leg is 504, as RFC 4320 §4.2 forbids 408, and the call goes on", (_, status) => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101);
    const { exchange } = rig.sent("INFO");
    if (status === null) rig.event({ kind: "no-response", exchange, failure: "peer-timeout" });
    else rig.answer(rig.sent("INFO"), status);
    expect(rig.allResponded(info)).toEqual([504]);
    expect(rig.call.phase).toBe("up");
  });

  it("RFC 5057 §5.1: 481 means the peer has lost the dialog; both legs are ended", () => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101);
    rig.answer(rig.sent("INFO"), 481);
    expect(rig.allResponded(info)).toEqual([481]);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
    expect(rig.sent("BYE").request.getAll("Reason")[0]).toContain("SIP;cause=481");
  });

  it("RFC 3261 §12.2.2: a CSeq lower than the last is refused with 500", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("INFO", 105);
    const late = rig.fromCaller("INFO", 104);
    expect(rig.allResponded(late)).toEqual([500]);
  });

  it.each(["INFO", "OPTIONS", "MESSAGE", "INVITE", "UPDATE", "PRACK", "REFER"])(
    "RFC 3261 §8.2.2.3: %s that requires what nobody here knows gets 420 with Unsupported, and goes no further",
    (method) => {
      const rig = new CallRig().establish();
      const asked = rig.fromCaller(method, 101, { headers: [["Require", "norefersub, teleport"]] });
      expect(rig.allResponded(asked)).toEqual([420]);
      expect(rig.responded().response.get("Unsupported")).toBe("teleport");
      expect(rig.allSent(method)).toHaveLength(method === "INVITE" ? 1 : 0);
    },
  );

  it("a BYE ends the call whatever it requires, and an emergency caller is refused nothing for it", () => {
    const rig = new CallRig().establish();
    const bye = rig.fromCaller("BYE", 101, { headers: [["Require", "teleport"]] });
    expect(rig.allResponded(bye)).toEqual([200]);
    const emergency = new CallRig();
    emergency.invite({ emergency: {} });
    emergency.answer(emergency.sent("INVITE"), 200, { body: ANSWER });
    emergency.fromCaller("ACK", 100);
    emergency.fromCaller("INFO", 101, { headers: [["Require", "teleport"]] });
    expect(emergency.allSent("INFO")).toHaveLength(1);
  });

  it("an unknown dialog gets 481, an ACK for one gets nothing", () => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101, { ourTag: "somebody-else" });
    expect(rig.allResponded(info)).toEqual([481]);
    rig.fromCaller("ACK", 101, { ourTag: "somebody-else" });
    expect(rig.effects).toEqual([]);
  });

  it("the same request again, because the worker that had it died, is sent on anew and answered once", () => {
    const rig = new CallRig().establish();
    const lost = rig.fromCaller("INFO", 101);
    const again = rig.fromCaller("INFO", 101);
    expect(rig.allSent("INFO")).toHaveLength(2);
    rig.answer(rig.sent("INFO"), 200);
    expect(rig.allResponded(again)).toEqual([200]);
    expect(rig.allResponded(lost)).toEqual([]);
  });

  it("Max-Forwards 0 ends here with 483", () => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101, { headers: [["Max-Forwards", "0"]] });
    expect(rig.allResponded(info)).toEqual([483]);
    expect(rig.allSent("INFO")).toHaveLength(0);
  });
});

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

describe("when the record itself is due", () => {
  it("peers that no session timer watches are asked whether they live, and a 481 ends the call", () => {
    const rig = new CallRig().establish();
    rig.now = callDeadline(rig.call);
    rig.event({ kind: "deadline" });
    expect(rig.allSent("OPTIONS").map(({ leg }) => leg)).toEqual(["a", "b"]);
    const [toCaller, toCallee] = rig.allSent("OPTIONS");
    rig.answer(toCaller!, 405);
    expect(rig.call.phase).toBe("up");
    expect(callDeadline(rig.call)).toBeGreaterThan(rig.now);
    rig.answer(toCallee!, 481);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
  });

  it("a deadline that has not come does nothing", () => {
    const rig = new CallRig().establish();
    expect(rig.event({ kind: "deadline" })).toEqual([]);
  });

  it("a setup that nobody finished is ended on both sides", () => {
    const rig = new CallRig();
    rig.invite();
    rig.now = callDeadline(rig.call);
    rig.event({ kind: "deadline" });
    expect(rig.allResponded("invite-a")).toEqual([503]);
    expect(rig.cancels()).toEqual(["b1-1"]);
  });
});

describe("an end that no peer asked for", () => {
  it("of an established call: BYE on both legs with Reason", () => {
    const rig = new CallRig().establish();
    rig.event({ kind: "end", failure: "preempted" });
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
    expect(rig.sent("BYE").request.getAll("Reason")[1]).toBe("Q.850;cause=8");
  });

  it("of a call being set up: a final response and CANCEL", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 180);
    rig.event({ kind: "end", failure: "preempted" });
    expect(rig.allResponded("invite-a")).toEqual([180, 487]);
    expect(rig.cancels()).toEqual(["b1-1"]);
  });
});
