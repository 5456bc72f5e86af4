import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";

export function withLines(...headers: HeaderLine[]): SipMessage {
  return buildRequest({ method: "INVITE", uri: "sip:a@b", headers });
}
