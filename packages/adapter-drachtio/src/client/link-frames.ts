import type { IncomingRequest, OutgoingRequest, PeerAddress } from "@tandem/call-control";
import { formatMessage } from "@tandem/sip";
import { ADOPT, formatSipAppFrame, type SipAppFrame } from "../wire/app-frame.ts";
import { readWait, type SipEdgeFrame } from "../wire/edge-frame.ts";

/** Tokens that a frame does not need. */
const NONE: Omit<SipAppFrame, "kind" | "id" | "text"> = {
  transactionId: "",
  dialogId: "",
  nextHop: "",
  listener: "",
  timeoutMs: null,
  branch: "",
  sentBy: "",
};

/** Asks an edge to send a request. */
export function requestFrame(id: string, request: OutgoingRequest): string {
  const { message, listener, nextHop, timeoutMs = null, branch = "", sentBy = "" } = request;
  return formatSipAppFrame({
    ...NONE,
    id,
    nextHop: nextHop ?? "",
    listener,
    timeoutMs,
    branch,
    sentBy,
    text: formatMessage(message),
  });
}

/** A response to a transaction of the edge, or its CANCEL. */
export function answerFrame(id: string, transactionId: string, text: string): string {
  return formatSipAppFrame({ ...NONE, id, transactionId, text });
}

/** Asks an edge to go on with an INVITE that another one got over UDP; the next hop tells where from. */
export function adoptFrame(id: string, { message, source, listener }: IncomingRequest): string {
  const host = source.address.includes(":") ? `[${source.address}]` : source.address;
  const nextHop = `sip:${host}:${source.port};transport=udp`;
  return formatSipAppFrame({ ...NONE, id, transactionId: ADOPT, nextHop, listener, text: formatMessage(message) });
}

/** When the message of a frame came to the edge, by the clock that says it is `nowMs` now. */
export function cameAt({ time }: SipEdgeFrame, nowMs: number): number {
  return nowMs - readWait(time);
}

/** Where the message of a frame came from. */
export function peerOf({ address, port, transport }: SipEdgeFrame): PeerAddress {
  return { address, port, transport: transport === "tcp" || transport === "tls" ? transport : "udp" };
}
