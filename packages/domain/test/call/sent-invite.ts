import type { LegProfile } from "../../src/index.ts";
import { CallRig, plan, profile, type InviteOptions } from "./call-rig.ts";

export function outgoing(options: InviteOptions = {}) {
  const rig = new CallRig();
  rig.invite(options);
  return rig.sent("INVITE").request;
}

export function towards(change: Partial<LegProfile>) {
  return [plan("first", { profile: profile("first", change) })];
}
