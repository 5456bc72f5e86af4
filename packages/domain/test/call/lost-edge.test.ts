import { describe, expect, it } from "vitest";
import { formatMessage, readTag, withHeaders } from "@tandem/sip";
import { parseCall, serialiseCall } from "../../src/index.ts";
import { ANSWER, callerInvite, CallRig, plan, profile } from "./call-rig.ts";

/** How the peer knows what it heard of: as the rig writes the Via. */
const KNOWN = { edge: "e1", sentBy: "tandem.example:5060" };

/** The peer answers the INVITE of the current attempt, by edge `e1`. */
function heard(rig: CallRig, status: number): void {
  const sent = rig.sent("INVITE");
  rig.event({ kind: "response", exchange: sent.exchange, edge: "e1", response: rig.response(sent, status) });
}

/** The edge that the INVITE was given to is gone, or did not come. */
function lost(rig: CallRig, edge?: string): void {
  const exchange = rig.call.hunt?.current?.exchange ?? "";
  rig.event({ kind: "no-response", exchange, failure: "edge-lost", ...(edge === undefined ? {} : { edge }) });
}

const callIds = (rig: CallRig): readonly (string | undefined)[] =>
  rig.allSent("INVITE").map(({ request }) => request.get("Call-ID"));

/** It rings by `e1`, which died and did not come back. */
function withdrawn(): CallRig {
  const rig = new CallRig();
  rig.invite({ attempts: [plan("first")] });
  heard(rig, 180);
  lost(rig, "e1");
  lost(rig);
  return rig;
}

describe("the edge died that called somebody who was heard since", () => {
  it.each([100, 180, 183])(
    "after a %i: the INVITE goes again by that edge and no other, the same in every byte",
    (status) => {
      const rig = new CallRig();
      rig.invite();
      heard(rig, status);
      lost(rig, "e1");
      const [first, second] = rig.allSent("INVITE");
      expect([first?.knownBy, second?.knownBy]).toEqual([undefined, KNOWN]);
      expect(second?.branch).toBe(first?.branch);
      expect(formatMessage(second!.request)).toBe(formatMessage(first!.request));
      rig.answer(second!, 200, { body: ANSWER });
      expect(rig.responded().response.status).toBe(200);
    },
  );

  it("a record that another worker reads says by which edge, too", () => {
    const rig = new CallRig();
    rig.invite();
    heard(rig, 180);
    expect(parseCall(serialiseCall(rig.call))).toEqual({ ok: true, value: rig.call });
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite(), alive: [] });
    expect(rig.allSent("INVITE").map(({ knownBy }) => knownBy)).toEqual([undefined, KNOWN]);
  });

  it("and dies once more after it came back: awaited again", () => {
    const rig = new CallRig();
    rig.invite();
    heard(rig, 180);
    lost(rig, "e1");
    heard(rig, 180);
    lost(rig, "e1");
    expect(rig.allSent("INVITE").map(({ knownBy }) => knownBy)).toEqual([undefined, KNOWN, KNOWN]);
    expect(rig.allSent("CANCEL")).toEqual([]);
  });

  it("and does not come: the INVITE is cancelled with the Via that the peer knows, and rings nowhere a second time before", () => {
    const rig = withdrawn();
    const cancel = rig.sent("CANCEL");
    const invite = rig.allSent("INVITE")[0]!;
    expect(cancel).toMatchObject({
      branch: rig.allSent("INVITE")[0]?.branch,
      sentBy: "tandem.example:5060",
      timeoutMs: 1_000,
    });
    expect(cancel.nextHop).toBe(invite.nextHop);
    expect(cancel.knownBy).toBeUndefined();
    expect(rig.kinds()[0]).toBe("save");
    for (const name of ["From", "To", "Call-ID"]) expect(cancel.request.get(name)).toBe(invite.request.get(name));
    expect([cancel.request.uri, cancel.request.get("CSeq")]).toEqual([invite.request.uri, "1 CANCEL"]);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it.each([200, 481])("%i to that CANCEL: the attempt begins anew, as a new dialog and the same attempt", (status) => {
    const rig = withdrawn();
    rig.answer(rig.sent("CANCEL"), status);
    const [first, , third] = callIds(rig);
    expect(third).toBeDefined();
    expect(third).not.toBe(first);
    expect(rig.sent("INVITE").knownBy).toBeUndefined();
    expect(rig.call.attempts).toHaveLength(1);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.responded().response.status).toBe(200);
  });

  it("no answer to that CANCEL: likewise", () => {
    const rig = withdrawn();
    rig.event({ kind: "no-response", exchange: rig.sent("CANCEL").exchange, failure: "peer-timeout" });
    expect(rig.allSent("INVITE")).toHaveLength(3);
  });

  it("an answer that crosses the CANCEL is taken, and nobody is called again", () => {
    const rig = withdrawn();
    const first = rig.allSent("INVITE")[0]!;
    rig.event({ kind: "orphan-answer", response: rig.response(first, 200, { body: ANSWER }) });
    expect(rig.responded().response.status).toBe(200);
    rig.answer(rig.sent("CANCEL"), 200);
    expect(rig.allSent("INVITE")).toHaveLength(2);
    expect(rig.allSent("BYE")).toEqual([]);
  });

  it("an answer that comes when it rings anew is acknowledged and ended", () => {
    const rig = withdrawn();
    const first = rig.allSent("INVITE")[0]!;
    rig.answer(rig.sent("CANCEL"), 481);
    rig.event({ kind: "orphan-answer", response: rig.response(first, 200, { body: ANSWER }) });
    expect([rig.allSent("ACK").length, rig.allSent("BYE").length]).toEqual([1, 1]);
    expect(rig.call.phase).toBe("setup");
  });

  it("the call that began anew ends as any other: what was cancelled is not waited for", () => {
    const rig = withdrawn();
    rig.answer(rig.sent("CANCEL"), 200);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    const ourTag = readTag(rig.responded().response.get("To") ?? "") ?? "";
    rig.fromCaller("ACK", 100, { ourTag });
    rig.fromCaller("BYE", 101, { ourTag });
    rig.answer(rig.sent("BYE"), 200);
    expect(rig.kinds()).toContain("finish");
  });

  it("the caller hangs up while the edge is awaited: the INVITE is cancelled by another edge, and by that one if it comes", () => {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first")] });
    heard(rig, 180);
    lost(rig, "e1");
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel: callerInvite() });
    expect(rig.sent("CANCEL")).toMatchObject({
      branch: rig.allSent("INVITE")[0]?.branch,
      sentBy: "tandem.example:5060",
    });
    expect(rig.cancels()).toEqual(["b1-1"]);
    rig.answer(rig.sent("CANCEL"), 200);
    rig.event({ kind: "no-response", exchange: "b1-1", failure: "edge-lost" });
    expect(rig.kinds()).toContain("finish");
    expect([rig.allSent("INVITE").length, rig.allSent("CANCEL").length]).toEqual([2, 1]);
  });

  it("the caller hangs up meanwhile: nobody is called again", () => {
    const rig = withdrawn();
    const cancel = callerInvite();
    rig.event({ kind: "cancelled", transaction: "invite-a", cancel });
    rig.answer(rig.sent("CANCEL"), 200);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("the caller's INVITE comes by another edge meanwhile: it is told that it rings, and nothing starts again", () => {
    const rig = withdrawn();
    const alive = [rig.sent("CANCEL").exchange];
    rig.event({ kind: "redelivered", transaction: "again", request: callerInvite(), alive });
    expect(rig.allResponded("again")).toEqual([180]);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });
});

describe("the edge died that called a gateway whose name leads to several addresses", () => {
  const NAMED = "sip:sbc.example:5080;transport=udp;lr";

  /** It rings, as the peer said from there, with that branch; its edge died and does not come. */
  function withdrawnAt(nextHop: string, responses: readonly HeardFrom[]): CallRig {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first", { profile: profile("first", { nextHop }) })] });
    const sent = rig.sent("INVITE");
    for (const { status, branch, ...source } of responses) {
      const via = `SIP/2.0/UDP tandem.example:5060;branch=${branch}`;
      const response = withHeaders(rig.response(sent, status), (edit) => void edit.set("Via", via));
      rig.event({ kind: "response", exchange: sent.exchange, edge: "e1", response, source });
    }
    lost(rig, "e1");
    lost(rig);
    return rig;
  }

  interface HeardFrom {
    readonly status: number;
    readonly branch: string;
    readonly address: string;
    readonly port: number;
    readonly transport: "udp" | "tcp";
  }

  const from = (address: string, change: Partial<HeardFrom> = {}): HeardFrom => ({
    status: 180,
    branch: "z9hG4bKours",
    address,
    port: 5080,
    transport: "udp",
    ...change,
  });

  it.each([
    ["IPv4", NAMED, [from("192.0.2.7")], `${NAMED};first=192.0.2.7`],
    ["IPv6", NAMED, [from("2001:db8::7")], `${NAMED};first=[2001:db8::7]`],
    [
      "a port that the name's records told",
      "sip:sbc.example;lr",
      [from("192.0.2.7", { port: 5062 })],
      "sip:sbc.example;lr;first=192.0.2.7",
    ],
    ["over a connection, which has the name's certificate", NAMED, [from("192.0.2.7", { transport: "tcp" })], NAMED],
    ["an address, and not a name", "sip:192.0.2.9:5080", [from("192.0.2.7")], "sip:192.0.2.9:5080"],
  ])("RFC 3261 §9.1: the CANCEL goes where the INVITE went: %s", (_what, nextHop, heardFrom, way) => {
    const cancel = withdrawnAt(nextHop, heardFrom).sent("CANCEL");
    expect([cancel.nextHop, cancel.branch]).toEqual([way, "z9hG4bKours"]);
  });

  it("the first address failed and the second one rings: to that one, by the branch it knows", () => {
    const first = from("192.0.2.7", { status: 100 });
    const second = from("192.0.2.8", { branch: "z9hG4bKours.2" });
    const cancel = withdrawnAt(NAMED, [first, second]).sent("CANCEL");
    expect([cancel.nextHop, cancel.branch]).toEqual([`${NAMED};first=192.0.2.8`, "z9hG4bKours.2"]);
  });
});

describe("the edge died that called somebody who was not heard yet", () => {
  /** The INVITE went again by another edge. */
  function again(): CallRig {
    const rig = new CallRig();
    rig.invite({ attempts: [plan("first")] });
    lost(rig, "e1");
    return rig;
  }

  it("the INVITE goes again at once, by any edge: the peer may not have it", () => {
    expect(
      again()
        .allSent("INVITE")
        .map(({ knownBy }) => knownBy),
    ).toEqual([undefined, undefined]);
  });

  it("482, as the peer has the first one: that one goes again by its own edge, with time to ring, and nobody is called twice", () => {
    const rig = again();
    rig.answer(rig.sent("INVITE"), 482);
    const third = rig.sent("INVITE");
    expect(third.knownBy).toEqual({ edge: "e1" });
    expect(new Set(callIds(rig)).size).toBe(1);
    expect(rig.effects).toContainEqual({ kind: "stop-timer", timer: "connect:b1" });
    expect(rig.effects).not.toContainEqual(expect.objectContaining({ kind: "start-timer", timer: "connect:b1" }));
    heard(rig, 180);
    rig.answer(third, 200, { body: ANSWER });
    expect(rig.responded().response.status).toBe(200);
  });

  it("482, and its own edge does not come: nothing can be cancelled, so the attempt begins anew, once; an answer to the first is ended", () => {
    const rig = again();
    const first = rig.sent("INVITE");
    rig.answer(first, 482);
    lost(rig);
    expect(rig.allSent("CANCEL")).toEqual([]);
    expect(new Set(callIds(rig)).size).toBe(2);
    rig.event({ kind: "orphan-answer", response: rig.response(first, 200, { body: ANSWER }) });
    expect([rig.allSent("ACK").length, rig.allSent("BYE").length]).toEqual([1, 1]);
    rig.answer(rig.sent("INVITE"), 482);
    expect(rig.responded().response.status).toBe(482);
  });

  it("482 to one that went again by an edge of that name: it has another address, so the first is cancelled, then the attempt begins anew", () => {
    const rig = new CallRig();
    rig.invite();
    heard(rig, 180);
    lost(rig, "e1");
    rig.answer(rig.sent("INVITE"), 482);
    expect(rig.allSent("INVITE")).toHaveLength(2);
    rig.answer(rig.sent("CANCEL"), 200);
    expect(new Set(callIds(rig)).size).toBe(2);
  });
});
