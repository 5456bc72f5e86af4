import { readTag, type SipMessage } from "@tandem/sip";

/** Names a dialog towards applications: Call-ID and our tag, so that any edge makes the same name of the same request. */
export function dialogId(callId: string, ourTag: string): string {
  return `${callId};tag=${ourTag}`;
}

/** Tag of the To header; undefined when there is none. */
export function toTag(message: SipMessage): string | undefined {
  return readTag(message.get("To") ?? "");
}

/** Tag of the From header; undefined when there is none. */
export function fromTag(message: SipMessage): string | undefined {
  return readTag(message.get("From") ?? "");
}
