import { parseOurTag } from "@tandem/domain";
import { parseReplaces } from "@tandem/sip";

/** The call whose dialog a Replaces value names (RFC 3891 §3), or null when it is none of ours. */
export function replacedCall(value: string): string | null {
  const replaces = parseReplaces(value);
  if (replaces === undefined) return null;
  // Our tag is to-tag in what the peer sends; a peer that names the dialog from its own side writes it as from-tag.
  const ours = parseOurTag(replaces.toTag) ?? parseOurTag(replaces.fromTag);
  return ours?.callId ?? null;
}
