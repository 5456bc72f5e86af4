import { parseOurTag } from "@tandem/domain";
import { parseReplaces, type SipMessage } from "@tandem/sip";

/** The call whose dialog the Replaces header names (RFC 3891 §3), or null when it is none of ours. */
export function replacedCall(message: SipMessage): string | null {
  const replaces = parseReplaces(message.get("Replaces") ?? "");
  if (replaces === undefined) return null;
  // Our tag is to-tag in what the peer sends; a peer that names the dialog from its own side writes it as from-tag.
  const ours = parseOurTag(replaces.toTag) ?? parseOurTag(replaces.fromTag);
  return ours?.callId ?? null;
}
