import type { ReceivedMessage } from "@tandem/sip-endpoint";
import { formatSipEdgeFrame, formatWait, type Arrival } from "../wire/edge-frame.ts";
import type { Application, RequestTokens } from "./application.ts";
import { stackTime } from "./stack-time.ts";

/** The tokens that a received message does not hold itself. */
export interface FrameTokens extends RequestTokens {
  readonly id: string;
  /** Clock time, epoch milliseconds. */
  readonly nowMs: number;
}

/** What of the application decides the form of its frames. */
type Reader = Pick<Application, "octets">;

/** The frame that brings a received request or response to an application. */
export function incomingFrame(received: ReceivedMessage, session: Reader, tokens: FrameTokens): string {
  const { source, text } = received;
  return formatSipEdgeFrame({
    id: tokens.id,
    source: "network",
    bytes: text.length,
    transport: source.transport,
    address: source.address,
    port: source.port,
    time: session.octets ? formatWait(tokens.nowMs - received.atMs) : stackTime(received.atMs),
    transactionId: tokens.transactionId,
    dialogId: session.octets ? "" : tokens.dialogId,
    arrival: arrivalOf(received, session, tokens),
    text,
  });
}

/** Requests tell how they arrived; without `octets` only those of no dialog, and only the local address, as drachtio-server does. */
function arrivalOf(received: ReceivedMessage, session: Reader, tokens: FrameTokens): Arrival | null {
  if (received.message.kind === "response") return null;
  const { localAddress, localPort, listener, identities } = received.source;
  if (session.octets) {
    return { localAddress, localPort, listener: listener.name, identities, redelivered: tokens.redelivered };
  }
  if (tokens.dialogId !== "") return null;
  return { localAddress, localPort, listener: "", identities: [], redelivered: false };
}
