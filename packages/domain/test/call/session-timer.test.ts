import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { callDeadline, type LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, OFFER, plan, profile, type InviteOptions } from "./call-rig.ts";

type Timer = LegProfile["sessionTimer"];

const OFFERED: Timer = { offer: true, expiresS: 600, minSeS: 90, refresher: "either" };
const CALLER_TIMER: readonly HeaderLine[] = [
  ["Supported", "timer"],
  ["Session-Expires", "1800"],
];

function callTo(sessionTimer: Timer, options: InviteOptions = {}): InviteOptions {
  return { ...options, attempts: [plan("first", { profile: profile("first", { sessionTimer }) })] };
}

function established(options: InviteOptions, headers: readonly HeaderLine[] = []): CallRig {
  const rig = new CallRig();
  rig.invite(options);
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers });
  rig.fromCaller("ACK", 100);
  return rig;
}

function timers(rig: CallRig) {
  return rig.call.parties.map(({ dialogs }) => {
    const timer = dialogs[0]?.timer;
    return timer == null ? null : `${timer.intervalS} ${timer.refresher}`;
  });
}

describe("towards the called side (RFC 4028 §7.1)", () => {
  it.each<[string, Timer, string | undefined, string | undefined]>([
    ["not offered by the trunk: only supported", { ...OFFERED, offer: false }, undefined, undefined],
    ["offered: either may refresh", OFFERED, "600", undefined],
    ["offered: we refresh", { ...OFFERED, refresher: "us" }, "600;refresher=uac", undefined],
    ["offered: the peer refreshes", { ...OFFERED, refresher: "peer" }, "600;refresher=uas", undefined],
    ["a Min-SE above 90 is said", { ...OFFERED, minSeS: 300 }, "600", "300"],
  ])("%s", (_, timer, expires, minSe) => {
    const rig = new CallRig();
    rig.invite(callTo(timer, { headers: CALLER_TIMER }));
    const { request } = rig.sent("INVITE");
    expect(request.get("Session-Expires")).toBe(expires);
    expect(request.get("Min-SE")).toBe(minSe);
    expect(request.getAll("Supported")).toContain("timer");
  });

  it.each([
    ["Session-Expires with refresher=uas: the peer refreshes", "600;refresher=uas", "600 peer"],
    ["Session-Expires with refresher=uac: we refresh", "600;refresher=uac", "600 us"],
    ["a shorter interval counts", "120;refresher=uas", "120 peer"],
    ["none: the peer does not do it, so we refresh", "", "600 us"],
  ])("answer with %s", (_, expires, expected) => {
    const rig = established(callTo(OFFERED), expires === "" ? [] : [["Session-Expires", expires]]);
    expect(timers(rig)[1]).toBe(expected);
  });

  it("the called side starts it without our offer: it runs", () => {
    const rig = established({}, [["Session-Expires", "900;refresher=uas"]]);
    expect(timers(rig)).toEqual([null, "900 peer"]);
  });

  it("RFC 4028 §7.4: 422 repeats the same attempt with the larger interval and the next CSeq", () => {
    const rig = new CallRig();
    rig.invite(callTo(OFFERED));
    const first = rig.sent("INVITE");
    rig.answer(first, 422, { headers: [["Min-SE", "1200"]] });
    const second = rig.sent("INVITE");
    expect(second.request.get("CSeq")).toBe("2 INVITE");
    expect(second.request.get("Call-ID")).toBe(first.request.get("Call-ID"));
    expect(second.request.get("Session-Expires")).toBe("1200");
    expect(second.request.get("Min-SE")).toBe("1200");
    expect(rig.call.attempts).toHaveLength(1);
    rig.answer(second, 200, { body: ANSWER, headers: [["Session-Expires", "1200;refresher=uac"]] });
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").request.get("CSeq")).toBe("2 ACK");
  });

  it("422 again and again is a refusal in the end", () => {
    const rig = new CallRig();
    rig.invite(callTo(OFFERED));
    for (const minSe of ["1200", "1300", "1400"]) rig.answer(rig.sent("INVITE"), 422, { headers: [["Min-SE", minSe]] });
    expect(rig.allSent("INVITE")).toHaveLength(3);
    expect(rig.responded().response.status).toBe(422);
  });
});

describe("towards the caller (RFC 4028 §9)", () => {
  it.each<[string, Partial<Timer>, readonly HeaderLine[], string | undefined, string | undefined]>([
    ["asked for: the peer refreshes, Require says so", {}, CALLER_TIMER, "1800;refresher=uac", "timer"],
    [
      "asked for, and the trunk wants us to refresh",
      { refresher: "us" },
      CALLER_TIMER,
      "1800;refresher=uas",
      undefined,
    ],
    [
      "asked for with refresher: kept",
      { refresher: "us" },
      [CALLER_TIMER[0]!, ["Session-Expires", "1800;refresher=uac"]],
      "1800;refresher=uac",
      "timer",
    ],
    ["a shorter interval of ours counts", { offer: true, expiresS: 600 }, CALLER_TIMER, "600;refresher=uac", "timer"],
    [
      "but not below the caller's Min-SE",
      { offer: true, expiresS: 600 },
      [...CALLER_TIMER, ["Min-SE", "900"]],
      "1800;refresher=uac",
      "timer",
    ],
    [
      "not asked for, supported, offered by the trunk",
      { offer: true, expiresS: 600 },
      [CALLER_TIMER[0]!],
      "600;refresher=uac",
      "timer",
    ],
    [
      "not supported, offered by the trunk: we refresh",
      { offer: true, expiresS: 600 },
      [],
      "600;refresher=uas",
      undefined,
    ],
    ["not asked for, not offered", {}, [], undefined, undefined],
  ])("%s", (_, change, headers, expires, require) => {
    const sessionTimer = { ...OFFERED, offer: false, ...change };
    const rig = new CallRig();
    rig.invite({ ingress: { sessionTimer }, headers });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    expect(rig.responded().response.get("Session-Expires")).toBe(expires);
    expect(rig.responded().response.get("Require")).toBe(require);
  });

  it("below our Min-SE: 422 with it", () => {
    const rig = new CallRig();
    rig.invite({ headers: [CALLER_TIMER[0]!, ["Session-Expires", "60"]] });
    expect(rig.responded().response.status).toBe(422);
    expect(rig.responded().response.get("Min-SE")).toBe("90");
    expect(rig.allSent("INVITE")).toHaveLength(0);
  });

  it("below our Min-SE on an emergency call: served", () => {
    const rig = new CallRig();
    const emergency = { service: "urn:service:sos", test: false };
    rig.invite({ emergency, headers: [CALLER_TIMER[0]!, ["Session-Expires", "60"]] });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });
});

describe("refreshes", () => {
  it("ours goes at half of the interval, as UPDATE without offer where the peer allows it", () => {
    const rig = established(callTo(OFFERED), [
      ["Session-Expires", "600;refresher=uac"],
      ["Allow", "INVITE, ACK, BYE, UPDATE"],
    ]);
    expect(callDeadline(rig.call)).toBe(rig.now + 300_000);
    rig.event({ kind: "deadline" }, 300_000);
    const { request } = rig.sent("UPDATE");
    expect(request.body).toBe("");
    expect(request.get("Session-Expires")).toBe("600;refresher=uac");
    rig.answer(rig.sent("UPDATE"), 200, { headers: [["Session-Expires", "600;refresher=uac"]] });
    expect(callDeadline(rig.call)).toBe(rig.now + 300_000);
  });

  it("ours is a re-INVITE with the last description, o= unchanged, where the peer has no UPDATE", () => {
    const rig = established(callTo(OFFERED), [["Session-Expires", "600;refresher=uac"]]);
    const first = rig.sent("INVITE").request.body;
    rig.event({ kind: "deadline" }, 300_000);
    expect(rig.sent("INVITE").request.body).toBe(first);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers: [["Session-Expires", "600;refresher=uac"]] });
    expect(rig.allSent("ACK")).toHaveLength(2);
    expect(callDeadline(rig.call)).toBe(rig.now + 300_000);
  });

  it("a refused UPDATE is followed by a re-INVITE", () => {
    const rig = established(callTo(OFFERED), [
      ["Session-Expires", "600;refresher=uac"],
      ["Allow", "UPDATE"],
    ]);
    rig.event({ kind: "deadline" }, 300_000);
    rig.answer(rig.sent("UPDATE"), 405);
    expect(rig.allSent("INVITE")).toHaveLength(2);
  });

  it("a refused UPDATE is not sent again at once where there is no description for a re-INVITE", () => {
    const rig = new CallRig();
    rig.invite({ ...callTo(OFFERED), body: "" });
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers: [["Session-Expires", "600;refresher=uac"]] });
    rig.fromCaller("ACK", 100);
    rig.event({ kind: "deadline" }, 300_000);
    rig.answer(rig.sent("UPDATE"), 405);
    expect(rig.allSent("UPDATE")).toHaveLength(1);
    expect(callDeadline(rig.call)).toBe(rig.now + 150_000);
  });

  it("422 to ours: again with the larger interval", () => {
    const rig = established(callTo(OFFERED), [
      ["Session-Expires", "600;refresher=uac"],
      ["Allow", "UPDATE"],
    ]);
    rig.event({ kind: "deadline" }, 300_000);
    rig.answer(rig.sent("UPDATE"), 422, { headers: [["Min-SE", "900"]] });
    expect(rig.sent("UPDATE").request.get("Session-Expires")).toBe("900;refresher=uac");
  });

  it.each([
    ["UPDATE", [["Allow", "UPDATE"]]],
    ["INVITE", []],
  ] as const)(
    "422 to ours (%s) that asks for more every time: two more tries, then the next one comes in its time",
    (method, headers) => {
      const rig = established(callTo(OFFERED), [["Session-Expires", "600;refresher=uac"], ...headers]);
      const before = rig.allSent(method).length;
      rig.event({ kind: "deadline" }, 300_000);
      for (let minSe = 601; minSe < 620; minSe++) {
        rig.answer(rig.sent(method), 422, { headers: [["Min-SE", String(minSe)]] });
      }
      expect(rig.allSent(method)).toHaveLength(before + 3);
      expect(rig.call.phase).toBe("up");
    },
  );

  it.each([
    ["silence", null],
    ["481", 481],
    ["408", 408],
  ])("RFC 4028 §10: %s ends the call with BYE on both legs and a Reason", (_, status) => {
    const rig = established(callTo(OFFERED), [
      ["Session-Expires", "600;refresher=uac"],
      ["Allow", "UPDATE"],
    ]);
    rig.event({ kind: "deadline" }, 300_000);
    const { exchange } = rig.sent("UPDATE");
    if (status === null) rig.event({ kind: "no-response", exchange, failure: "peer-timeout" }, 32_000);
    else rig.answer(rig.sent("UPDATE"), status);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
    expect(rig.sent("BYE").request.has("Reason")).toBe(true);
  });

  it("glare on ours: it goes again after 2.1–4 s where we own the Call-ID", () => {
    const rig = established(callTo(OFFERED), [["Session-Expires", "600;refresher=uac"]]);
    rig.event({ kind: "deadline" }, 300_000);
    rig.answer(rig.sent("INVITE"), 491);
    const timer = rig.effects.find((effect) => effect.kind === "start-timer");
    if (timer?.kind !== "start-timer") throw new Error("no retry");
    expect(timer.afterMs).toBeGreaterThanOrEqual(2_100);
    expect(timer.afterMs).toBeLessThanOrEqual(4_000);
    expect(callDeadline(rig.call)).toBeLessThanOrEqual(rig.now + timer.afterMs);
    rig.timer(timer.timer, timer.afterMs);
    expect(rig.allSent("INVITE")).toHaveLength(3);
  });

  it("glare on ours: it goes again within 2 s where the caller owns the Call-ID", () => {
    const rig = established({ ingress: { sessionTimer: OFFERED } });
    rig.event({ kind: "deadline" }, 300_000);
    expect(rig.sent("INVITE")).toMatchObject({ leg: "a" });
    rig.answer(rig.sent("INVITE"), 491);
    const timer = rig.effects.find((effect) => effect.kind === "start-timer");
    expect(timer).toMatchObject({ kind: "start-timer" });
    if (timer?.kind === "start-timer") expect(timer.afterMs).toBeLessThanOrEqual(2_000);
  });

  it("the peer's bare UPDATE is answered here and moves the deadline", () => {
    const rig = established({ headers: CALLER_TIMER });
    const before = callDeadline(rig.call);
    rig.now += 900_000;
    const update = rig.fromCaller("UPDATE", 101, { headers: [...CALLER_TIMER] });
    expect(rig.allResponded(update)).toEqual([200]);
    expect(rig.responded().response.get("Session-Expires")).toBe("1800;refresher=uac");
    expect(rig.allSent("UPDATE")).toHaveLength(0);
    expect(rig.call.parties[0]?.dialogs[0]?.timer?.actAtMs).toBe(rig.now + 1_800_000 - 32_000);
    expect(before).toBeLessThan(rig.now + 1_800_000);
  });

  it("the peer's re-INVITE refreshes both legs, each with its own interval", () => {
    const rig = established(callTo(OFFERED, { headers: CALLER_TIMER }), [["Session-Expires", "600;refresher=uac"]]);
    rig.now += 200_000;
    rig.fromCaller("INVITE", 101, { body: OFFER, headers: [...CALLER_TIMER] });
    expect(rig.sent("INVITE").request.get("Session-Expires")).toBe("600;refresher=uac");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers: [["Session-Expires", "600;refresher=uac"]] });
    expect(rig.responded().response.get("Session-Expires")).toBe("1800;refresher=uac");
    expect(callDeadline(rig.call)).toBe(rig.now + 300_000);
  });

  it("RFC 4028 §10: a peer that was to refresh and stays silent is given up min(32 s, a third) before the end", () => {
    const rig = established({ headers: [CALLER_TIMER[0]!, ["Session-Expires", "90"]] });
    expect(callDeadline(rig.call)).toBe(rig.now + 60_000);
    rig.event({ kind: "deadline" }, 60_000);
    expect(rig.allSent("BYE").map(({ leg }) => leg)).toEqual(["a", "b"]);
    expect(rig.sent("BYE").request.getAll("Reason")[0]).toContain("cause=408");
  });
});
