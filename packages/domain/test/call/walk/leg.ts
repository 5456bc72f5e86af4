import type { LegProfile } from "../../../src/index.ts";
import { profile } from "../call-rig.ts";
import type { Choices } from "./choices.ts";

const REFER_MODES = ["pass", "act", "refuse"] as const;
const RELIABLE_MODES = ["pass", "require", "off"] as const;

/** A leg over a trunk whose settings are whatever comes. */
export function walkLeg(trunk: string, choices: Choices): LegProfile {
  return profile(trunk, {
    contactHost: `ours-${trunk}.example:5060`,
    refer: REFER_MODES[choices.next(3)] ?? "pass",
    reliableProvisional: RELIABLE_MODES[choices.next(3)] ?? "pass",
    forwardPai: choices.next(2) === 0,
    forwardHistory: true,
    sessionTimer: { offer: choices.next(2) === 0, expiresS: 600, minSeS: 90, refresher: "either" },
    maxEarlyDialogs: 2,
  });
}
