import { headerValues, parseNameAddr, withHeaders, type SipMessage } from "@tandem/sip";

/** What a verification of the calling number may have said (3GPP TS 24.229 §7.2A.20). */
const LEGAL: ReadonlySet<string> = new Set(["tn-validation-passed", "tn-validation-failed", "no-tn-validation"]);

/** A parameter of the number or of the URI, up to whatever ends it. */
const VERSTAT = /;verstat(?:=([^;@?>,\s]*))?(?=[;@?>,\s]|$)/gi;

/** The message whose From and P-Asserted-Identity say nothing of the number's verification that an ESInet could not read (NENA-STA-010.3). */
export function withLegalVerstat(message: SipMessage): SipMessage {
  const from = message.get("From") ?? "";
  const identities = headerValues(message, "P-Asserted-Identity");
  const [legalFrom = from, ...legal] = [from, ...identities].map(cleaned);
  if (legalFrom === from && legal.every((value, at) => value === identities[at])) return message;
  return withHeaders(message, (headers) => {
    headers.set("From", legalFrom);
    if (identities.length > 0) headers.set("P-Asserted-Identity", legal);
  });
}

function cleaned(value: string): string {
  const uri = parseNameAddr(value)?.uri ?? "";
  const legal = uri.replace(VERSTAT, (parameter, said: string | undefined) => {
    return LEGAL.has((said ?? "").toLowerCase()) ? parameter : "";
  });
  // A name in front of the address may hold anything, the same text too.
  const at = value.lastIndexOf(uri);
  return legal === uri ? value : value.slice(0, at) + legal + value.slice(at + uri.length);
}
