import { buildRequest, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { IncomingRequest, PeerAddress } from "../ports/index.ts";

/** Offer of one audio stream. */
export const OFFER = [
  "v=0",
  "o=peer 1 1 IN IP4 192.0.2.10",
  "s=-",
  "c=IN IP4 192.0.2.10",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "",
].join("\r\n");

export interface RequestSketch {
  readonly method?: string;
  readonly uri?: string;
  readonly to?: string;
  readonly from?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
}

/** A request as the caller at 192.0.2.10 sends it; an INVITE carries an offer. */
export function requestFrom(sketch: RequestSketch = {}): SipMessage {
  const method = sketch.method ?? "INVITE";
  const uri = sketch.uri ?? "sip:12025550123@192.0.2.1";
  const body = sketch.body ?? (method === "INVITE" ? OFFER : "");
  return buildRequest({
    method,
    uri,
    headers: [
      ["Via", `SIP/2.0/UDP 192.0.2.10:5060;branch=${sketch.branch ?? "z9hG4bK-1"};received=192.0.2.10`],
      ["Max-Forwards", "70"],
      ["From", sketch.from ?? "<sip:+12025550100@192.0.2.10>;tag=caller"],
      ["To", sketch.to ?? `<${uri}>`],
      ["Call-ID", sketch.callId ?? "call-1@192.0.2.10"],
      ["CSeq", `${sketch.cseq ?? 1} ${method}`],
      ...(method === "INVITE" ? [["Contact", "<sip:192.0.2.10:5060>"] as const] : []),
      ...(body === "" ? [] : [["Content-Type", "application/sdp"] as const]),
      ...(sketch.headers ?? []),
    ],
    body,
  });
}

let serial = 0;

/** The request as an edge delivers it: from the core trunk's gateway on its listener, unless told otherwise. */
export function arriving(message: SipMessage, change: Partial<IncomingRequest> = {}): IncomingRequest {
  return {
    transaction: { edge: "edge-1", id: `s${(serial += 1)}` },
    message,
    source: peer("192.0.2.10"),
    pool: "east",
    listener: "core",
    tlsIdentities: [],
    redelivered: false,
    ...change,
  };
}

/** A peer by UDP. */
export function peer(address: string, port = 5060): PeerAddress {
  return { address, port, transport: "udp" };
}

/** A peer's response to what we sent, with its tag, Contact and, for a 2xx to an INVITE, an answer. */
export function answerTo(request: SipMessage, status: number, toTag = "callee"): SipMessage {
  const withSession = request.method === "INVITE" && status >= 200 && status < 300;
  const headers: HeaderLine[] = status > 100 && status < 300 ? [["Contact", "<sip:198.51.100.1:5060>"]] : [];
  if (withSession) headers.push(["Content-Type", "application/sdp"]);
  return responseTo(request, status, { toTag, headers, body: withSession ? OFFER : "" });
}
