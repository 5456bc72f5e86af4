import { buildRequest, buildResponse, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";

export interface ReplyOptions {
  /** Branch of the Via; absent: that of the request. */
  readonly branch?: string;
  readonly tag?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly contact?: string;
}

/** What a peer answers to a request of ours. */
export function replyTo(request: SipMessage, status: number, options: ReplyOptions = {}): SipMessage {
  const to = request.get("To") ?? "";
  const tagged = readTag(to) !== undefined || options.tag === "" ? to : `${to};tag=${options.tag ?? "tag-of-callee"}`;
  const body = options.body ?? "";
  return buildResponse({
    status,
    method: request.method,
    headers: [
      ["Via", `SIP/2.0/UDP tandem.example:5060;branch=${options.branch ?? "z9hG4bKours"}`],
      ["From", request.get("From") ?? ""],
      ["To", tagged],
      ["Call-ID", request.get("Call-ID") ?? ""],
      ["CSeq", request.get("CSeq") ?? ""],
      ["Contact", options.contact ?? "<sip:bob@callee.secret.example:5080>"],
      ...(options.headers ?? []),
      ...(body === "" ? [] : [["Content-Type", "application/sdp"] as const]),
    ],
    body,
  });
}

export interface RequestOptions {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly contentType?: string;
  readonly contact?: string;
  readonly ourTag?: string;
  /** Default: one of its own. */
  readonly transaction?: string;
  readonly theirTag?: string;
}

/** With the dialog it belongs to, as that peer sees it. */
export interface PeerRequest extends RequestOptions {
  readonly method: string;
  readonly cseq: number;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly contact: string;
}

/** A request of a peer in a dialog with us. */
export function requestOfPeer(leg: "a" | "b", transaction: string, options: PeerRequest): SipMessage {
  const { method, cseq } = options;
  const body = options.body ?? "";
  return buildRequest({
    method,
    uri: "sip:tandem.example:5060",
    headers: [
      ["Via", `SIP/2.0/UDP ${leg === "a" ? "caller" : "callee"}.secret.example;branch=z9hG4bK${transaction}`],
      ["From", options.from],
      ["To", options.to],
      ["Call-ID", options.callId],
      ["CSeq", `${cseq} ${method}`],
      ["Contact", options.contact],
      ...(options.headers?.some(([name]) => name === "Max-Forwards") ? [] : [["Max-Forwards", "70"] as const]),
      ...(options.headers ?? []),
      ...(body === "" ? [] : [["Content-Type", options.contentType ?? "application/sdp"] as const]),
    ],
    body,
  });
}
