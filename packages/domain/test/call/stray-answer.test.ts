import { describe, expect, it } from "vitest";
import { withHeaders } from "@tandem/sip";
import { ANSWER, CALL_ID, CallRig, OFFER } from "./call-rig.ts";

describe("a 2xx that reaches an edge which did not send the request", () => {
  const foreign = (rig: CallRig, branch: string) => {
    const response = rig.response(rig.sent("INVITE"), 200, { body: ANSWER, branch });
    return rig.event({ kind: "orphan-answer", response });
  };

  it.each(["z9hG4bKforeign", `z9hG4bK${CALL_ID}-b1-2`, `z9hG4bK${CALL_ID}-b1-1x`])(
    "but has the branch %s, answers nothing (RFC 3261 §17.1.3)",
    (branch) => {
      const rig = new CallRig();
      rig.invite();
      expect(foreign(rig, branch)).toEqual([]);
      expect(rig.call.phase).toBe("setup");
    },
  );

  it("of the peer's second address (RFC 3263 §4.3) answers the call", () => {
    const rig = new CallRig();
    rig.invite();
    foreign(rig, `${rig.sent("INVITE").branch ?? ""}.2`);
    expect(rig.call.phase).toBe("up");
  });

  it("answers a call for help whatever its branch: no help is lost for a Via that a peer wrote wrong", () => {
    const rig = new CallRig();
    rig.invite({ emergency: { service: "urn:service:sos", test: false } });
    foreign(rig, "z9hG4bKforeign");
    expect(rig.call.phase).toBe("up");
  });

  it("to a re-INVITE, of another dialog than that was sent in, answers nothing", () => {
    const rig = new CallRig().establish();
    const asked = rig.fromCaller("INVITE", 101, { body: OFFER });
    const sent = rig.sent("INVITE");
    const to = `${sent.request.get("To")?.replace(/;tag=.*/, "") ?? ""};tag=other`;
    const stray = withHeaders(rig.response(sent, 200, { body: ANSWER }), (edit) => void edit.set("To", to));
    rig.event({ kind: "orphan-answer", response: stray });
    expect(rig.allResponded(asked)).toEqual([]);
    rig.event({ kind: "orphan-answer", response: rig.response(sent, 200, { body: ANSWER }) });
    expect(rig.allResponded(asked)).toEqual([200]);
  });
});
