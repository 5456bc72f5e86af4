import { describe, expect, it } from "vitest";
import { callDeadline } from "../../src/index.ts";
import { ANSWER, CallRig, OFFER, plan, profile } from "./call-rig.ts";

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

  it.each(["INVITE", "UPDATE"])("so is one with an offer, which is the same offer and no second one: %s", (method) => {
    const rig = new CallRig().establish();
    rig.fromCaller(method, 101, { body: OFFER });
    const again = rig.fromCaller(method, 101, { body: OFFER });
    const [, anew] = rig.allSent(method).filter(({ request }) => request.get("To")?.includes("tag="));
    rig.answer(anew!, 200, { body: ANSWER });
    expect(rig.allResponded(again)).toEqual([200]);
  });

  it("Max-Forwards 0 ends here with 483", () => {
    const rig = new CallRig().establish();
    const info = rig.fromCaller("INFO", 101, { headers: [["Max-Forwards", "0"]] });
    expect(rig.allResponded(info)).toEqual([483]);
    expect(rig.allSent("INFO")).toHaveLength(0);
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
