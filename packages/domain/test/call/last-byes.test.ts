import { describe, expect, it } from "vitest";
import { buildRequest, type SipMessage } from "@tandem/sip";
import { isLastBye, lastByes } from "../../src/index.ts";
import { CALL_ID, CallRig } from "./call-rig.ts";

interface Sketch {
  readonly method?: string;
  readonly ours?: string;
  readonly theirs?: string;
  readonly cseq?: number;
}

function request({ method = "BYE", ours = "a", theirs = "tag-of-caller", cseq = 101 }: Sketch): SipMessage {
  return buildRequest({
    method,
    uri: "sip:tandem.example:5060",
    headers: [
      ["From", `<sip:alice@caller.example>;tag=${theirs}`],
      ["To", `<sip:bob@tandem.example>;tag=${CALL_ID}-${ours}`],
      ["Call-ID", "any"],
      ["CSeq", `${cseq} ${method}`],
    ],
  });
}

/** A call that a side hung up, over with the other side's answer. */
function over(by: "caller" | "callee"): string {
  const rig = new CallRig().establish();
  if (by === "caller") rig.fromCaller("BYE", 101);
  else rig.fromCallee("BYE", 7);
  rig.answer(rig.sent("BYE"), 200);
  expect(rig.call.phase).toBe("over");
  return lastByes(rig.call);
}

describe("the BYE that ended a call", () => {
  it("is known again, the caller's and the called side's", () => {
    expect(isLastBye(over("caller"), request({}))).toBe(true);
    expect(isLastBye(over("callee"), request({ ours: "b1", theirs: "tag-of-callee", cseq: 7 }))).toBe(true);
  });

  it.each<[string, Sketch]>([
    ["a BYE with another number", { cseq: 102 }],
    ["of another peer", { theirs: "tag-of-callee" }],
    ["of another dialog", { ours: "a.2" }],
    ["of the other leg, which our BYE ended", { ours: "b1", theirs: "tag-of-callee", cseq: 2 }],
    ["no BYE", { method: "INFO" }],
  ])("is not taken for it: %s", (_what, sketch) => {
    expect(isLastBye(over("caller"), request(sketch))).toBe(false);
  });

  it("is known where the other side never answered our own", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    rig.event({ kind: "deadline" }, 60_000);
    expect(rig.call.phase).toBe("over");
    expect(isLastBye(lastByes(rig.call), request({}))).toBe(true);
  });

  it("is none of a call that nobody of those who talk ended", () => {
    expect(isLastBye("", request({}))).toBe(false);
  });
});
