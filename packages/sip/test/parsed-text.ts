import { parseMessage, type SipMessage } from "@tandem/sip";

export function read(text: string): SipMessage {
  const parsed = parseMessage(text);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

export const invite = [
  "INVITE sip:b@example.com SIP/2.0",
  "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
  "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2",
  'From: "A;tag=no" <sip:a@example.com;tag=inner>;tag=outer',
  "TO : <sip:b@example.com>",
  "Call-ID: 1@h",
  "CSeq: 7 INVITE",
  "X-Unknown: one",
  "x-unknown:   two\t",
  "Record-Route: <sip:p.example.com;lr>",
  "Timestamp: 54",
  "Content-Length: 4",
  "",
  "body",
].join("\r\n");
