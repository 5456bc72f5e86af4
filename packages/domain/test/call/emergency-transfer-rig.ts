import type { HeaderLine } from "@tandem/sip";
import { blankPreparation, type AttemptPlan, type CallEvent } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile } from "./call-rig.ts";

const ACTS = { refer: "act" } as const;

export const REFER: readonly HeaderLine[] = [["Refer-To", "<sip:911@tandem.example>"]];

/** Caller and callee talk; both trunks let a REFER be acted upon. */
export function established(attempts: readonly AttemptPlan[] = []): CallRig {
  const rig = new CallRig();
  rig.invite({ attempts: [...attempts, plan("first", { profile: profile("first", ACTS) })], ingress: ACTS });
  return rig;
}

/** The call that `established` begins is answered by the way it tries now. */
export function answered(rig: CallRig): CallRig {
  rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
  rig.fromCaller("ACK", 100);
  rig.now += 30_000;
  return rig;
}

export function routed(trunks: readonly string[], isEmergency: boolean): CallEvent {
  const emergency = {
    preparation: { ...blankPreparation, callbackNumber: "+12125550100" },
    considered: [],
    callerLeg: "a",
  } as const;
  const attempts = trunks.map((trunk) => plan(trunk, { profile: profile(trunk, ACTS) }));
  return { kind: "transfer-routed", attempts, failure: null, ...(isEmergency && { emergency }) };
}

/** Whoever the caller talks to asks us to transfer him. */
export function refers(rig: CallRig, cseq: number, theirTag: string): void {
  rig.fromCallee("REFER", cseq, { headers: REFER, theirTag });
}
