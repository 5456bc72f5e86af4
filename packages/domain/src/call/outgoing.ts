import {
  buildRequest,
  buildResponse,
  formatUri,
  parseSipUri,
  parseUri,
  responseTo,
  uriTransport,
  type HeaderLine,
  type SipMessage,
  type SipUri,
} from "@tandem/sip";
import type { Call } from "./call.ts";
import type { Exchange, PendingRequest, Purpose } from "./exchange.ts";
import type { Dialog, Party, StoredResponse } from "./party.ts";
import type { ExchangeId, TransactionId } from "./event.ts";
import { addressOf, hasUriParameter } from "./headers/values.ts";
import { tagOf } from "./identity.ts";
import { noteMessage } from "./ladder.ts";
import type { LegProfile } from "./leg-profile.ts";
import { legWay } from "./leg-way.ts";
import { parseIpAddress } from "../routing/ip-address.ts";
import { partyIdOf, partyOf, type Place, type Turn } from "./turn.ts";

/** A request in a dialog but for what the dialog gives: From, To, Call-ID, CSeq, Route, Contact. */
export interface InDialogRequest {
  readonly method: string;
  /** Everything else that goes out, Max-Forwards included when it is not 70. */
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  /** SDP of the other leg in `body`; empty when it holds no offer. */
  readonly offered?: string;
}

const FULL_HOPS: HeaderLine = ["Max-Forwards", "70"];

/** Methods whose requests carry our Contact: they make or refresh dialogs and usages. */
const WITH_CONTACT: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"]);

/** Sends a request in a dialog, with the next CSeq number, and remembers it until its final response. */
export function sendInDialog(turn: Turn, place: Place, out: InDialogRequest, purpose: Purpose): Exchange {
  const { party, dialog } = place;
  dialog.localCseq += 1;
  const exchange: Exchange = {
    id: nextExchangeId(turn),
    party: party.id,
    dialog: dialog.id,
    method: out.method,
    cseq: dialog.localCseq,
    sentMs: turn.now,
    purpose,
    cancelled: false,
    offered: out.offered ?? "",
  };
  turn.call.exchanges.push(exchange);
  pushSend(turn, place, exchange.id, inDialogMessage(turn, place, out, dialog.localCseq));
  return exchange;
}

/** A request in a dialog once more, with the number it had. */
export function sendAgain(
  turn: Turn,
  place: Place,
  { exchange, cseq, out }: { readonly exchange: ExchangeId; readonly cseq: number; readonly out: InDialogRequest },
): void {
  pushSend(turn, place, exchange, inDialogMessage(turn, place, out, cseq));
}

/** Acknowledges a 2xx to an INVITE of ours (RFC 3261 §13.2.2.4). `cseq` is that INVITE's. */
export function sendAck(turn: Turn, place: Place, cseq: number, payload: Payload = NO_PAYLOAD): void {
  if (payload.body !== "") place.dialog.answerInAck = { cseq, version: place.dialog.origin.version };
  const message = inDialogMessage(turn, place, { method: "ACK", ...payload }, cseq);
  pushSend(turn, place, nextExchangeId(turn), message);
}

export interface Payload {
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}

export const NO_PAYLOAD: Payload = { headers: [], body: "" };

/** CANCELs an INVITE of ours once. */
export function sendCancel(turn: Turn, exchange: Exchange, headers: readonly HeaderLine[]): void {
  if (exchange.cancelled) return;
  exchange.cancelled = true;
  turn.effects.push({ kind: "cancel", exchange: exchange.id, headers });
  const trunk = turn.call.parties.find((party) => party.id === exchange.party)?.profile.trunk ?? "";
  noteMessage(turn, ">", trunk, "CANCEL");
}

function nextExchangeId(turn: Turn): string {
  turn.call.exchangeSerial += 1;
  return `x${turn.call.exchangeSerial}`;
}

function inDialogMessage(turn: Turn, place: Place, out: InDialogRequest, cseq: number): SipMessage {
  const { party, dialog } = place;
  const hops = out.headers.some(([name]) => name === "Max-Forwards") ? [] : [FULL_HOPS];
  const { uri, routes } = routing(dialog);
  return buildRequest({
    method: out.method,
    uri,
    headers: [
      ...routes.map((route): HeaderLine => ["Route", route]),
      ...hops,
      ["From", `${party.local};tag=${localTagOf(turn.call, party, dialog)}`],
      ["To", dialog.remoteTag === "" ? party.remote : `${party.remote};tag=${dialog.remoteTag}`],
      ["Call-ID", party.sipCallId],
      ["CSeq", `${cseq} ${out.method}`],
      ...(WITH_CONTACT.has(out.method) ? [["Contact", party.contact] as const] : []),
      ...out.headers,
    ],
    body: out.body,
  });
}

/** Our tag: one per INVITE of ours, one per dialog where the peer sent the INVITE. */
export function localTagOf(call: Call, party: Party, dialog: Dialog): string {
  return tagOf(call.id, party.role === "uac" ? party.id : dialog.id);
}

/** Request-URI and Route lines of a request in a dialog; a first route without `lr` is a strict router (RFC 3261 §12.2.1.1). */
function routing(dialog: Dialog): {
  readonly uri: string;
  readonly routes: readonly string[];
  readonly strict: boolean;
} {
  const [first, ...others] = dialog.routes;
  if (first === undefined) return { uri: dialog.target, routes: [], strict: false };
  const top = addressOf(first).uri;
  if (hasUriParameter(parseUri(top), "lr")) return { uri: dialog.target, routes: dialog.routes, strict: false };
  return { uri: top, routes: [...others, `<${dialog.target}>`], strict: true };
}

function pushSend(turn: Turn, place: Place, exchange: string, request: SipMessage): void {
  const { leg, profile } = place.party;
  const nextHop = detour(profile, request, routing(place.dialog).strict);
  turn.effects.push({ kind: "send", exchange, leg, request, ...legWay(profile), nextHop });
  noteMessage(turn, ">", profile.trunk, request.method);
}

/**
 * Where a request in a dialog goes instead of its first route or target. A trunk's transport is part of what it is: a peer on a TCP or TLS trunk whose
 * Contact names another transport (often one behind a relay that ends TLS for it) is reached where the leg leads, and never in clear; so is one on a UDP
 * trunk that asks for TLS, while TCP is had there as asked. The same holds for a peer whose certificate proves the gateway's name while its Contact gives
 * a bare address, which no connection could be verified for (RFC 5922 §4). A strict router gets the request although its Route names what comes after it
 * (RFC 3261 §8.1.2). Null: no detour.
 */
function detour({ transport, nextHop, peerHost }: LegProfile, request: SipMessage, strict: boolean): string | null {
  const route = strict ? undefined : request.get("Route");
  const hop = parseSipUri(route === undefined ? request.uri : addressOf(route).uri);
  const asked = hop?.scheme === "sips" ? "tls" : hop && uriTransport(hop);
  const router = strict && hop !== undefined ? withoutFlow(hop) : null;
  if (transport === "udp" && asked !== "tls") return router;
  if (asked !== undefined && asked !== transport) return nextHop;
  return transport === "tls" && isAddress(hop?.host) && !isAddress(parseSipUri(`sip:${peerHost}`)?.host)
    ? nextHop
    : router;
}

/** `flow` names a connection to the edge (`OutgoingRequest.nextHop`): a word of ours that no peer may say. */
function withoutFlow(uri: SipUri): string {
  return formatUri({ ...uri, params: uri.params.filter(([name]) => name.toLowerCase() !== "flow") });
}

function isAddress(host: string | undefined): boolean {
  return host !== undefined && parseIpAddress(host) !== null;
}

/** Answers a request at once. */
export function answerRequest(turn: Turn, place: Place, request: Received, reply: StoredResponse): void {
  const headers = withContact(place.party, request.message.method, reply);
  const toTag = localTagOf(turn.call, place.party, place.dialog);
  const options = { reason: reply.reason, toTag, headers, body: reply.body };
  const response = responseTo(request.message, reply.status, options);
  pushResponse(turn, place.party, request.transaction, response);
}

/** A peer's request as it came. */
export interface Received {
  readonly transaction: TransactionId;
  readonly message: SipMessage;
  /** Exchanges that this process itself waits for; absent: none died with a worker. */
  readonly alive?: readonly ExchangeId[];
}

/** Answers a request that waited for the other leg; nothing when the edge has answered it already. */
export function answerPending(turn: Turn, pending: PendingRequest, reply: StoredResponse): void {
  const party = partyOf(turn.call, partyIdOf(pending.dialog));
  if (!pending.open || party === null) return;
  if (reply.status >= 200) pending.open = false;
  const response = buildResponse({
    status: reply.status,
    reason: reply.reason,
    method: pending.method,
    headers: [
      ["From", pending.from],
      ["To", pending.to],
      ["Call-ID", party.sipCallId],
      ["CSeq", `${pending.cseq} ${pending.method}`],
      ...withContact(party, pending.method, reply),
    ],
    body: reply.body,
  });
  pushResponse(turn, party, pending.transaction, response);
}

/** Our Contact goes into 1xx and 2xx of requests that make or refresh a dialog. */
function withContact(party: Party, method: string, reply: StoredResponse): readonly HeaderLine[] {
  if (reply.status >= 300 || !WITH_CONTACT.has(method)) return reply.headers;
  return [["Contact", party.contact], ...reply.headers];
}

function pushResponse(turn: Turn, party: Party, transaction: TransactionId, response: SipMessage): void {
  turn.effects.push({ kind: "respond", leg: party.leg, transaction, response });
  noteMessage(turn, ">", party.profile.trunk, `${response.status} ${response.reason} (${response.method})`);
}
