import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { ANSWER, CallRig, OFFER, plan } from "./call-rig.ts";
import { sos } from "./emergency-rig.ts";

const SUPPORTED: HeaderLine = ["Supported", "100rel"];

function reliable(rseq: number): readonly HeaderLine[] {
  return [
    ["Require", "100rel"],
    ["RSeq", String(rseq)],
  ];
}

function rackOf(rig: CallRig): string {
  return `${rig.responded().response.get("RSeq") ?? ""} 100 INVITE`;
}

/** A caller who asks for help, says that he knows 100rel, and has a reliable response with an answer. */
function ringing(body = OFFER): CallRig {
  const rig = new CallRig();
  rig.invite({ emergency: sos, headers: [SUPPORTED], body, attempts: [plan("sos"), plan("second")] });
  rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(7) });
  return rig;
}

function silentFor3500Ms(rig: CallRig): CallRig {
  for (const afterMs of [500, 1_000, 2_000]) rig.timer("reliable:a", afterMs);
  return rig;
}

describe("a caller for help who sends no PRACK (A18: 100rel never costs an emergency call)", () => {
  it("is waited for as RFC 3262 §3 says, 3.5 s long", () => {
    const rig = ringing();
    for (const afterMs of [500, 1_000]) rig.timer("reliable:a", afterMs);
    expect(rig.allSent("PRACK")).toHaveLength(0);
    expect(rig.allResponded("invite-a")).toEqual([183, 183, 183]);
  });

  it("then the called side has its PRACK from us, and what comes goes on unreliably", () => {
    const rig = silentFor3500Ms(ringing());
    expect(rig.sent("PRACK").request.get("RAck")).toBe("7 1 INVITE");
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(rig.sent("INVITE"), 180, { headers: reliable(8) });
    expect(rig.responded().response.status).toBe(180);
    expect(rig.responded().response.has("RSeq")).toBe(false);
    expect(rig.sent("PRACK").request.get("RAck")).toBe("8 1 INVITE");
  });

  it("has the answer in the 200 after all", () => {
    const rig = silentFor3500Ms(ringing());
    rig.answer(rig.sent("INVITE"), 200);
    expect(rig.responded().response).toMatchObject({ status: 200 });
    expect(rig.responded().response.body).toContain("m=audio 6000");
    rig.fromCaller("ACK", 100);
    expect(rig.allSent("ACK")).toHaveLength(1);
  });

  it("gets the 200 that was there before, with the answer in it", () => {
    const rig = ringing();
    rig.answer(rig.sent("INVITE"), 200);
    expect(rig.allResponded("invite-a")).toEqual([183]);
    silentFor3500Ms(rig);
    expect(rig.allResponded("invite-a")).toEqual([183, 183, 183, 200]);
    expect(rig.responded().response.body).toContain("m=audio 6000");
    expect(rig.allSent("PRACK")).toHaveLength(0);
  });

  it("may send it late: it is answered and stays here", () => {
    const rig = ringing();
    const rack = rackOf(rig);
    silentFor3500Ms(rig);
    const late = rig.fromCaller("PRACK", 101, { headers: [["RAck", rack]] });
    expect(rig.allResponded(late)).toEqual([200]);
    expect(rig.allSent("PRACK")).toHaveLength(1);
  });

  it("owes the answer itself where the INVITE brought no offer: it is waited for", () => {
    const rig = silentFor3500Ms(ringing(""));
    expect(rig.allSent("PRACK")).toHaveLength(0);
    expect(rig.allResponded("invite-a")).toEqual([183, 183, 183, 183]);
  });

  it("in a call that is for no help gets no 200 (RFC 3262 §3)", () => {
    const rig = new CallRig();
    rig.invite({ headers: [SUPPORTED] });
    rig.answer(rig.sent("INVITE"), 183, { body: ANSWER, headers: reliable(7) });
    rig.answer(rig.sent("INVITE"), 200);
    expect(silentFor3500Ms(rig).allResponded("invite-a")).toEqual([183, 183, 183, 183]);
  });
});

describe("a called side that does not answer the PRACK", () => {
  it("and answers the call for help: the caller has the 200 at once", () => {
    const rig = ringing();
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    rig.answer(rig.sent("INVITE"), 200);
    expect(rig.allResponded("invite-a")).toEqual([183, 200]);
  });

  it("and answered the call for help before: the caller's PRACK brings the 200", () => {
    const rig = ringing();
    rig.answer(rig.sent("INVITE"), 200);
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    expect(rig.allResponded("invite-a")).toEqual([183, 200]);
  });

  it("and fails: the next way's answer does not wait for it", () => {
    const rig = ringing();
    rig.fromCaller("PRACK", 101, { headers: [["RAck", rackOf(rig)]] });
    rig.answer(rig.sent("INVITE"), 503);
    const second = rig.sent("INVITE");
    rig.answer(second, 183, { body: ANSWER, headers: reliable(1) });
    const { response } = rig.responded();
    const to = response.get("To") ?? "";
    const ourTag = to.slice(to.indexOf("tag=") + 4);
    rig.fromCaller("PRACK", 102, { headers: [["RAck", rackOf(rig)]], ourTag });
    rig.answer(rig.sent("PRACK"), 200);
    rig.answer(second, 200);
    expect(rig.allResponded("invite-a")).toEqual([183, 183, 200]);
  });
});
