import { encodeEscapes, headerAddresses, withHeaders, type SipMessage } from "@tandem/sip";
import { withoutPort } from "../../call/headers/values.ts";
import { isDiallable } from "../../numbering/dialled-number.ts";
import type { EmergencyInviteParts } from "./invite-parts.ts";

/**
 * The identity a PSAP calls back on is asserted on every emergency INVITE, whatever privacy the caller asked for (RFC 6881 SP-33 no. 4: the agreement
 * with whoever is behind such a trunk is that the number is shown): its own assertion,
 * or the calling number where there is none. An ELIN takes the caller's place in all of them. Towards the telephone network, where Privacy would
 * withhold the number, it is left out.
 */
export function assertIdentity(invite: SipMessage, parts: EmergencyInviteParts): SipMessage {
  const { egress, preparation, callingNumber } = parts;
  const lent = egress.kind === "elin" && preparation.elin !== null;
  const asserted = headerAddresses(invite, "P-Asserted-Identity").length > 0;
  const towardsTelephones = egress.kind === "elin" || egress.kind === "plain";
  return withHeaders(invite, (headers) => {
    if (lent) headers.remove("Remote-Party-ID");
    if ((lent || !asserted) && callingNumber !== "") headers.set("P-Asserted-Identity", identityOf(parts));
    if (towardsTelephones) headers.remove("Privacy");
  });
}

function identityOf({ callingNumber, profile }: EmergencyInviteParts): string {
  const phone = isDiallable(callingNumber) ? ";user=phone" : "";
  return `<sip:${encodeEscapes(callingNumber, "user")}@${withoutPort(profile.contactHost)}${phone}>`;
}
