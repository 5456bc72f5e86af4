import { headerAddresses, parseNameAddr } from "../address/name-addr.ts";
import { buildRequest } from "../build-message.ts";
import type { HeaderLine, SipMessage } from "../message.ts";
import { headerValues } from "../values/list.ts";
import { parseCSeq } from "../values/sequence.ts";

/** The peer of a dialog as its requests must name it (RFC 3261 §12.2.1.1). */
export interface DialogPeer {
  readonly callId: string;
  /** Value of From: ours, with our tag. */
  readonly from: string;
  /** Value of To: the peer's, with its tag. */
  readonly to: string;
  /** Remote target. */
  readonly target: string;
  /** Values of Route, in order. */
  readonly routes: readonly string[];
}

/** What one request adds. */
export interface DialogRequestParts {
  readonly method: string;
  readonly sequence: number;
  /** Further header lines. */
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
}

/** A request inside a dialog. Max-Forwards is 70 unless given. */
export function inDialogRequest(peer: DialogPeer, parts: DialogRequestParts): SipMessage {
  const { uri, routes } = routed(peer);
  const given = parts.headers ?? [];
  const hops: readonly HeaderLine[] = given.some(([name]) => name.toLowerCase() === "max-forwards")
    ? []
    : [["Max-Forwards", "70"]];
  return buildRequest({
    method: parts.method,
    uri,
    headers: [
      ...routes.map((route): HeaderLine => ["Route", route]),
      ...hops,
      ["From", peer.from],
      ["To", peer.to],
      ["Call-ID", peer.callId],
      ["CSeq", `${parts.sequence} ${parts.method}`],
      ...given,
    ],
    body: parts.body ?? "",
  });
}

/** RFC 3261 §12.2.1.1: a first route without `lr` takes the Request-URI's place, and the target ends the route. */
function routed(peer: DialogPeer): { readonly uri: string; readonly routes: readonly string[] } {
  const first = peer.routes[0];
  if (first === undefined) return { uri: peer.target, routes: [] };
  const uri = first.replace(/^[^<]*<([^>]*)>.*$/, "$1");
  if (/;lr(?=[;=?]|$)/i.test(uri)) return { uri: peer.target, routes: peer.routes };
  return { uri, routes: [...peer.routes.slice(1), `<${peer.target}>`] };
}

/** The dialog that a 2xx (or a provisional response with a tag) to our INVITE makes (RFC 3261 §12.1.2). */
export function peerFromResponse(request: SipMessage, response: SipMessage): DialogPeer {
  return {
    callId: request.get("Call-ID") ?? "",
    from: request.get("From") ?? "",
    to: response.get("To") ?? "",
    target: headerAddresses(response, "Contact")[0]?.uri ?? request.uri,
    routes: [...headerValues(response, "Record-Route")].reverse(),
  };
}

/** More than an application sends in a dialog before its answer: PRACK for each reliable response, UPDATE. */
const UNSEEN_REQUESTS = 1_000;

/**
 * ACK and BYE that end a call nobody wants any more: our INVITE was answered, its application is gone. The BYE says why (RFC 3326). Its number leaves room for
 * what the application sent before, which nobody knows here: it must be above all of that (RFC 3261 §12.2.1.1), and a gap is no error to the peer (§12.2.2). Without a
 * Contact in the answer both go to `target`, default the URI of its To.
 */
export function endingOf(
  answer: SipMessage,
  target = parseNameAddr(answer.get("To") ?? "")?.uri ?? "",
): { readonly ack: SipMessage; readonly bye: SipMessage } {
  const peer: DialogPeer = {
    callId: answer.get("Call-ID") ?? "",
    from: answer.get("From") ?? "",
    to: answer.get("To") ?? "",
    target: headerAddresses(answer, "Contact")[0]?.uri ?? target,
    routes: [...headerValues(answer, "Record-Route")].reverse(),
  };
  const sequence = parseCSeq(answer.get("CSeq") ?? "")?.sequence ?? 1;
  return {
    ack: inDialogRequest(peer, { method: "ACK", sequence }),
    bye: inDialogRequest(peer, {
      method: "BYE",
      sequence: sequence + UNSEEN_REQUESTS,
      headers: [["Reason", 'SIP;cause=503;text="Application lost"']],
    }),
  };
}
