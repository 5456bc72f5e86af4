import type { CallEvent, DeskOutcome } from "@tandem/domain";
import type { EmergencyCase } from "../ingress/prepare-emergency.ts";
import type { Telemetry } from "../ports/index.ts";

/** What an emergency call begins with: the desk that is to hear it, with a relay that answers; or why it goes without; or neither, where none is to. */
export type DeskChoice = Pick<Extract<CallEvent, { kind: "invite" }>, "desk" | "withoutDesk">;

/** The desk that we are to call ourselves; who is told of test calls hears them, too. Null: nobody is to hear the call by a leg of ours. */
export function deskToHear({
  decision,
  snapshot,
}: EmergencyCase): { readonly uri: string; readonly trunk: string; readonly twoWay: boolean } | null {
  const policy = snapshot.topology.emergency.policies.find(({ name }) => name === decision.policy);
  if (policy?.conference?.by !== "local" || (decision.test && !policy.testCalls.notify)) return null;
  const { uri, trunk, mode } = policy.conference;
  return trunk === null ? null : { uri, trunk, twoWay: mode === "twoway" };
}

const WHY = {
  "no-relay": "no media relay answers",
  "no-media": "its audio passes no relay",
} as const satisfies Partial<Record<DeskOutcome, string>>;

/** An emergency call goes without the desk that is to hear it: nobody may believe that it hears. */
export function goesWithoutDesk(callId: string, outcome: keyof typeof WHY, telemetry: Telemetry): keyof typeof WHY {
  telemetry.emergency.desk(outcome);
  telemetry.log("warn", `an emergency call goes on without its security desk: ${WHY[outcome]}`, { callId });
  return outcome;
}
