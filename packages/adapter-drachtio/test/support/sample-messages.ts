import { buildRequest, formatMessage, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { BoundListener, PeerSource, ReceivedMessage, SentMessage } from "@tandem/sip-endpoint";

function listener(name: string, transport: "udp" | "tcp", port: number): BoundListener {
  return { name, transport, address: "192.0.2.1", port, advertisedAddress: "192.0.2.1", advertisedPort: port };
}

export const OUTSIDE = listener("outside", "udp", 5060);
export const INSIDE = listener("inside", "tcp", 5070);

/** Whom requests come from. */
export const SOURCE: PeerSource = {
  transport: "udp",
  address: "198.51.100.7",
  port: 5062,
  listener: OUTSIDE,
  localAddress: "192.0.2.1",
  localPort: 5060,
  identities: [],
};

export interface ReceiveOptions {
  readonly uri?: string;
  readonly callId?: string;
  readonly toTag?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly cseq?: number;
  readonly maxForwards?: string;
  readonly source?: Partial<PeerSource>;
}

/** As the network brings it. */
export function requestOf(method: string, options: ReceiveOptions): SipMessage {
  const tag = options.toTag === undefined ? "" : `;tag=${options.toTag}`;
  return buildRequest({
    method,
    uri: options.uri ?? "sip:service@192.0.2.1",
    headers: [
      ["Via", "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKx"],
      ["Max-Forwards", options.maxForwards ?? "70"],
      ["From", "<sip:caller@198.51.100.7:5062>;tag=caller-tag"],
      ["To", `<sip:service@192.0.2.1>${tag}`],
      ["Call-ID", options.callId ?? "call-1"],
      ["CSeq", `${options.cseq ?? 1} ${method}`],
      ["Contact", "<sip:caller@198.51.100.7:5062>"],
      ...(options.headers ?? []),
    ],
    body: options.body ?? "",
  });
}

export function receivedOf(message: SipMessage, source: Partial<PeerSource> = {}): ReceivedMessage {
  return { message, text: formatMessage(message), source: { ...SOURCE, ...source }, atMs: 1_700_000_000_123 };
}

export function sentOf(message: SipMessage, to: PeerSource): SentMessage {
  const { transport, address, port, localAddress, localPort } = to;
  return {
    text: formatMessage(message),
    transport,
    address,
    port,
    listener: OUTSIDE,
    localAddress,
    localPort,
    atMs: 0,
  };
}

/** An INVITE of ordinary size, as it would arrive. */
export function sampleInvite(): ReceivedMessage {
  const sdp = `v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n${"a=rtpmap:101 telephone-event/8000\r\n".repeat(6)}`;
  return receivedOf(
    requestOf("INVITE", {
      headers: [
        ["Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"],
        ["Supported", "100rel, timer, replaces"],
        ["User-Agent", "bench"],
        ["P-Asserted-Identity", "<sip:+12025550100@example.com;user=phone>"],
        ["Content-Type", "application/sdp"],
      ],
      body: sdp,
    }),
  );
}
