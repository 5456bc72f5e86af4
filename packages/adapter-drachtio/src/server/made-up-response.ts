import { buildResponse, formatMessage, responseTo } from "@tandem/sip";
import type { ClientFailure } from "@tandem/sip-endpoint";
import { edgeReason } from "../edge-failures.ts";
import { formatSipEdgeFrame } from "../wire/edge-frame.ts";
import { EchoedCall, type FramedCall } from "./outgoing-call.ts";
import { stackTime } from "./stack-time.ts";
import type { StockClientDialogs } from "./stock/stock-client-dialogs.ts";
import type { TokenSource } from "./token-source.ts";

/** What a made-up response needs besides the request it answers. */
export interface MadeUpParts {
  readonly tokens: TokenSource;
  readonly nowMs: number;
  readonly dialogs: StockClientDialogs;
}

/** What each failure is as a response; 503 otherwise (RFC 3261 §8.1.3.1). */
const STATUSES: Partial<Record<ClientFailure["reason"], number>> = { timeout: 408, cancelled: 487 };

/**
 * The frame that tells an application that no response will come: a response of no bytes from nowhere. Applications with `octets` get the
 * endpoint's reason as the reason phrase and no headers.
 */
export function madeUpResponseFrame(call: FramedCall, failure: ClientFailure, parts: MadeUpParts): string {
  const status = STATUSES[failure.reason] ?? 503;
  const { tokens, nowMs, dialogs } = parts;
  const isEchoed = call instanceof EchoedCall;
  const response = isEchoed
    ? responseTo(call.request, status, { toTag: tokens.next() })
    : buildResponse({ status, reason: edgeReason(failure), method: call.request.method, headers: [] });
  return formatSipEdgeFrame({
    id: tokens.next(),
    source: "network",
    bytes: 0,
    transport: "",
    address: "",
    port: 0,
    time: isEchoed ? stackTime(nowMs) : "",
    transactionId: call.transaction?.id ?? "",
    dialogId: isEchoed ? dialogs.responded(call, response) : "",
    arrival: null,
    text: formatMessage(response),
  });
}
