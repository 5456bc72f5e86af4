import type { SipMessage } from "@tandem/sip";

/** Final responses that tell the caller how to succeed; preferred within 4xx (RFC 3261 §16.7 step 6). */
const HELPFUL = [401, 407, 415, 420, 484];

/** The better of two final responses other than 2xx: any 6xx, else the lowest class, else the more helpful, else the earlier one. */
export function betterResponse(earlier: SipMessage | null, later: SipMessage): SipMessage {
  if (earlier === null) return later;
  return rank(later) < rank(earlier) ? later : earlier;
}

function rank(response: SipMessage): number {
  if (response.status >= 600) return 0;
  const byClass = Math.floor(response.status / 100) * 2;
  return HELPFUL.includes(response.status) ? byClass : byClass + 1;
}
