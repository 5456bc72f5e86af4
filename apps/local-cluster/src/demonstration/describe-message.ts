import { bodyLeaves, headerReasons, parseSipUri, type SipMessage } from "@tandem/sip";

/** What stands on a message's arrow and beside it. */
export interface MessageWords {
  readonly label: string;
  readonly facts: string;
}

const BODY_WORDS: Readonly<Record<string, string>> = {
  "application/sdp": "SDP",
  "application/pidf+xml": "PIDF-LO",
};

/** A SIP message in the words of a ladder diagram. */
export function describeMessage(message: SipMessage): MessageWords {
  const bodies = bodyLeaves(message).map(({ mediaType }) => BODY_WORDS[mediaType] ?? mediaType);
  const facts = bodies.length === 0 ? [] : [bodies.join(" + ")];
  if (message.kind === "response") {
    return { label: `${message.status} ${message.reason}`, facts: [...facts, ...reasons(message)].join(", ") };
  }
  if (message.has("Geolocation")) facts.push("Geolocation");
  if (message.has("P-Asserted-Identity")) facts.push("PAI");
  return { label: `${message.method}${callee(message)}`, facts: [...facts, ...reasons(message)].join(", ") };
}

/** The called number of a request that names one. */
function callee(message: SipMessage): string {
  if (message.method !== "INVITE") return "";
  const user = parseSipUri(message.uri)?.user;
  return user === undefined || user === "" ? ` ${message.uri}` : ` ${user}`;
}

function reasons(message: SipMessage): readonly string[] {
  return headerReasons(message).map(({ protocol, cause }) =>
    cause === undefined ? protocol : `${protocol} cause ${cause}`,
  );
}
