import { buildRequest, formatMessage, parseCSeq, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { SentMessage } from "@tandem/sip-endpoint";
import type { SentMeta } from "../../wire/edge-frame.ts";
import { stackTime } from "../stack-time.ts";

/** What a reply to a request tells: the message and the address it left from. */
export interface RequestEcho extends SentMeta {
  readonly text: string;
}

/** Echo of a request that went out. */
export function sentEcho(sent: SentMessage): RequestEcho {
  return {
    bytes: sent.text.length,
    transport: sent.transport,
    address: sent.localAddress,
    port: sent.localPort,
    time: stackTime(sent.atMs),
    text: sent.text,
  };
}

/** Echo of a request that never left: the application must learn its Call-ID and tag before the response that is made up for it. */
export function requestEcho(request: SipMessage, nowMs: number): RequestEcho {
  const text = formatMessage(request);
  return { bytes: text.length, transport: "", address: "", port: 0, time: stackTime(nowMs), text };
}

/** Echo of a CANCEL, which the endpoint makes (RFC 3261 §9.1) and sends when it may. */
export function cancelEcho(invite: SipMessage, headers: readonly HeaderLine[], nowMs: number): RequestEcho {
  const sequence = parseCSeq(invite.get("CSeq") ?? "")?.sequence ?? 1;
  const cancel = buildRequest({
    method: "CANCEL",
    uri: invite.uri,
    headers: [
      ["From", invite.get("From") ?? ""],
      ["To", invite.get("To") ?? ""],
      ["Call-ID", invite.get("Call-ID") ?? ""],
      ["CSeq", `${sequence} CANCEL`],
      ...headers,
    ],
  });
  return requestEcho(cancel, nowMs);
}
