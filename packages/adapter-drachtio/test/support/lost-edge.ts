/** An edge that the test speaks for: this process of it. */
export function welcome(instance: string): (id: string) => string {
  return (id) =>
    `w|response|${id}|OK|udp/192.0.2.1:5060|v0.9.10-tandem;edge=e1;pool=east;instance=${instance};adopts|udp/192.0.2.1:5060`;
}

export const arriving = (callId: string, transport: string): string =>
  [
    `m|sip|network|100|${transport}|198.51.100.7|5062|10:00:00.0|t-${callId}||192.0.2.1|5060|outside`,
    "INVITE sip:service@192.0.2.1 SIP/2.0",
    `Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bK${callId}`,
    "From: <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    `Call-ID: ${callId}`,
    "CSeq: 1 INVITE",
    "",
    "",
  ].join("\r\n");

export async function close(...parts: readonly { [Symbol.asyncDispose](): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part[Symbol.asyncDispose]();
}
