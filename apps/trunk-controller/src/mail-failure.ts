/** What the library's errors say; `responseCode` and `response` are the server's reply. */
interface MailError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

/** Subject and detail of an enhanced status code (RFC 3463 §2). */
type Enhanced = readonly [subject: number, detail: number];

/** Codes that are final where the server gives no enhanced status: it does not serve the address (551, 553), or such a message is too large (552). */
const FINAL_FOR_ADDRESS = new Set([551, 553]);
const FINAL_FOR_MESSAGE = new Set([552]);

/**
 * Whether a mail that was not taken is worth another try. RFC 5321 §4.2.1: 5yz is final for the command it answers, and only RCPT TO judges the address and only
 * the reply to the content judges the message: what is said to our greeting, credentials or sender is about us, and somebody may put it right within the hour. So
 * may a policy ("relay denied"): 550 and 554 mean either (§4.2.3), so that only the enhanced status tells (RFC 3463). Where nothing does, the mail is tried again:
 * a mailbox that is not there costs some traffic, one that is given up costs an emergency notification. The text of the server may name the address, so only the
 * codes are kept.
 */
export function mailFailure(thrown: unknown): { readonly outcome: "refused" | "unreached"; readonly detail: string } {
  const error: MailError = thrown instanceof Error ? (thrown as Error & MailError) : {};
  const { responseCode = 0, code = "failed" } = error;
  if (responseCode === 0) return { outcome: "unreached", detail: code };
  const enhanced = enhancedIn(error.response ?? "");
  const status = enhanced === null ? "" : ` ${Math.trunc(responseCode / 100)}.${enhanced.join(".")}`;
  const final = responseCode >= 500 && responseCode < 600 && isFinal(error, responseCode, enhanced);
  return { outcome: final ? "refused" : "unreached", detail: `${responseCode}${status}` };
}

function isFinal({ code, command }: MailError, responseCode: number, enhanced: Enhanced | null): boolean {
  const ofMessage = code === "EMESSAGE";
  if (!ofMessage && command !== "RCPT TO") return false;
  if (enhanced !== null) return condemns(enhanced);
  return (ofMessage ? FINAL_FOR_MESSAGE : FINAL_FOR_ADDRESS).has(responseCode);
}

/** Whether a permanent status says that the address is bad or that no such message can be taken (RFC 3463 §3). */
function condemns([subject, detail]: Enhanced): boolean {
  switch (subject) {
    // X.1.7 and X.1.8 are about the sender's address.
    case 1:
      return detail !== 7 && detail !== 8;
    // A mailbox that is disabled, or for shorter messages; a full one has room again some time.
    case 2:
      return detail === 1 || detail === 3;
    case 3:
      return detail === 4;
    case 6:
      return true;
    // X.4 routing, X.5 protocol, X.7 security and policy: between us and the server.
    default:
      return false;
  }
}

/** The status stands behind the reply code on each line (RFC 2034 §4), in the same class. */
function enhancedIn(response: string): Enhanced | null {
  const [, , subject, detail] = /^([245])\d\d[ -]\1\.(\d{1,3})\.(\d{1,3})(?:\s|$)/.exec(response) ?? [];
  return subject === undefined || detail === undefined ? null : [Number(subject), Number(detail)];
}
