import type { EmergencyProfile } from "../topology/emergency-plan.ts";
import type { CompiledTrunk } from "../topology/snapshot.ts";

/** What one attempt of an emergency call looks like on the wire. */
export interface EmergencyEgress {
  readonly kind: EmergencyProfile;
  /** The caller's location goes along, or is taken out. */
  readonly location: "pass" | "strip";
  /** The screening number is dialled, not the emergency number: an ordinary call with the caller's identity. */
  readonly screening: boolean;
  /** Of the body, only the session description goes: the gateway refused more. */
  readonly descriptionOnly?: true;
}

/** The egress of an emergency call on a trunk: as written, else by the kind of its gateway. The screening number is always dialled plainly. */
export function emergencyEgress({ trunk, gateway }: CompiledTrunk, screening: boolean): EmergencyEgress {
  const { profile, location } = trunk.settings.emergency;
  const usual = gateway.kind === "e911" ? "pidf-lo" : "plain";
  return { kind: screening ? "plain" : (profile ?? usual), location, screening };
}
