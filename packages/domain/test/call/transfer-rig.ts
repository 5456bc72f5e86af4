import type { HeaderLine } from "@tandem/sip";
import type { LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile, sdp } from "./call-rig.ts";

export const TARGET_SDP = sdp("target", "203.0.113.30", 8_000);

export const REFER: readonly HeaderLine[] = [
  ["Refer-To", "<sip:+12065550177@tandem.example>"],
  ["Referred-By", "<sip:bob@callee.secret.example>"],
];

export function establishedWith(refer: LegProfile["refer"]): CallRig {
  const rig = new CallRig();
  rig.invite({ attempts: [plan("first", { profile: profile("first", { refer }) })], ingress: { refer } });
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  return rig;
}
