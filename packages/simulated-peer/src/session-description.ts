/** A G.711 audio session for a simulated peer: it says where media would go, and nothing listens there. */
export function audioSession(address: string, sessionId: number): string {
  return [
    "v=0",
    `o=- ${sessionId} 1 IN IP4 ${address}`,
    "s=-",
    `c=IN IP4 ${address}`,
    "t=0 0",
    "m=audio 40000 RTP/AVP 0 101",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "",
  ].join("\r\n");
}
