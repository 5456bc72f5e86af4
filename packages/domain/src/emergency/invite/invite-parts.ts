import type { LegProfile } from "../../call/leg-profile.ts";
import { withoutPort } from "../../call/headers/values.ts";
import type { EmergencyEgress } from "../egress.ts";
import type { EmergencyPreparation } from "../preparation.ts";

/** What the INVITE of one attempt is made of, besides the INVITE any call would send there. */
export interface EmergencyInviteParts {
  readonly preparation: EmergencyPreparation;
  readonly egress: EmergencyEgress;
  readonly profile: LegProfile;
  readonly callingNumber: string;
  /** Names this call in identifiers of body parts; letters and digits. */
  readonly callId: string;
}

/** Where what we add is named: a domain of ours and the call. */
export interface NamedPlace {
  readonly host: string;
  readonly callId: string;
}

/** What peers are told to call us by, as it may stand in an identifier. */
export function nameHost({ contactHost }: LegProfile): string {
  return withoutPort(contactHost)
    .replace(/^\[|\]$/g, "")
    .replaceAll(":", "-");
}
