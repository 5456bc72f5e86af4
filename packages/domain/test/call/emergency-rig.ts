import type { LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile } from "./call-rig.ts";

export const sos = {};

export function answered(change: Partial<LegProfile> = {}): CallRig {
  const rig = new CallRig();
  rig.invite({ emergency: sos, attempts: [plan("sos", { profile: profile("sos", change) })] });
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  return rig;
}
