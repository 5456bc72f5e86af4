import type { Result, SipMessage } from "@tandem/sip";
import type { BoundListener, EndpointConfig, ListenerTls, Transport } from "./config.ts";
import type { EndpointStats } from "./stats.ts";

/**
 * A SIP endpoint: sockets, TLS, DNS, framing and transactions. It keeps no dialogs and decides no call; that is its user's part
 * (RFC 3261's "transaction user", TU). Made by `createEndpoint`.
 *
 * What it does by itself: 100 Trying; absorbing and answering retransmissions; ACK to non-2xx finals; retransmitting a 2xx to an
 * INVITE until the ACK comes; 200 to CANCEL and 487 to the INVITE it cancels; 400/482/… to what cannot be served; holding a
 * CANCEL until a provisional response came; next address on failure; Via, branch and Content-Length of what it sends.
 *
 * What it leaves alone: Call-ID, tags, CSeq, Route, Contact, Max-Forwards and every other header go out as given.
 */
export interface Endpoint {
  /** The bound listeners in configuration order, with the ports the system gave. */
  readonly listeners: readonly BoundListener[];
  /**
   * Sends a request other than ACK, and CANCEL only of another endpoint's INVITE, in a client transaction of its own. Never throws because of the message or the network:
   * what goes wrong arrives as `onFailure`. No event comes before this call returned.
   */
  request(request: OutgoingRequest, events: ClientTransactionEvents): ClientTransaction;
  /**
   * Sends the ACK to a 2xx (RFC 3261 §13.2.2.4). The endpoint remembers it while the INVITE's client transaction lives and
   * repeats it when the 2xx is repeated. Resolves when it was handed to the transport.
   */
  sendAck(ack: OutgoingRequest): Promise<SendResult>;
  /**
   * Goes on with an INVITE that another endpoint of the same address got over UDP and can answer no more, as if its sender had repeated it here: the responses go the way its Via tells
   * (RFC 3261 §18.2.2, the message as it was passed up there), and a CANCEL or ACK that comes here finds it. `onRequest` is not called. Null: no UDP listener of that name, an INVITE that cannot be
   * read, one that is known here already, or the endpoint is being closed.
   */
  adoptInvite(invite: SipMessage, arrival: AdoptedArrival): AdoptedInvite | null;
  /** Whether that INVITE, with its branch, came here by itself or was adopted, and its transaction is not forgotten yet. */
  knowsInvite(invite: SipMessage): boolean;
  /** How long what comes over UDP now waits until it is read, if that stood for some tenths of a second, milliseconds; 0 where it is not measured. */
  readonly receiveWaitMs: number;
  /** Counters since the start and gauges of this moment; cheap enough for every scrape. */
  stats(): EndpointStats;
  /** Gives a TLS listener a new certificate; connections that exist keep the old one. False: no TLS listener of that name. */
  replaceTls(listener: string, tls: ListenerTls): boolean;
  /**
   * Stops. New requests are refused with 503, pending transactions may finish for `graceMs` (default 0), then the sockets close.
   * Never rejects; a second call waits for the first.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * Binds every listener. An error names the first listener that could not be had; nothing stays open then. No event comes before the
 * promise is resolved.
 */
export type CreateEndpoint = (
  config: EndpointConfig,
  events: EndpointEvents,
) => Promise<Result<Endpoint, EndpointStartFailure>>;

/**
 * - `bad-config`: no listener, a name twice, TLS material missing or unreadable
 * - `bind`: address or port not to be had; `detail` holds the system's code (EADDRINUSE, EACCES, EADDRNOTAVAIL)
 */
export interface EndpointStartFailure {
  readonly reason: "bad-config" | "bind";
  readonly listener: string;
  readonly detail: string;
}

/** What the endpoint tells its user. The calls are synchronous; an exception thrown in one is a bug and reaches the process. */
export interface EndpointEvents {
  /** A new request (never ACK or CANCEL, never a retransmission), to be answered with `transaction.respond`. */
  onRequest(transaction: ServerTransaction, request: ReceivedMessage): void;
  /**
   * An ACK to a 2xx. `transaction`: its INVITE if that one was answered here and is still remembered (64*T1), else null: the INVITE
   * was another edge's. Repeated ACKs to one transaction are absorbed.
   */
  onAck(ack: ReceivedMessage, transaction: ServerTransaction | null): void;
  /** The peer cancelled: 200 to the CANCEL and 487 to the INVITE are already sent; `respond` will fail from now on. */
  onCancel(transaction: ServerTransaction, cancel: ReceivedMessage): void;
  /** No ACK came within 64*T1 for the 2xx given (RFC 3261 §13.3.1.4): the dialog should be ended with BYE. */
  onAckTimeout(transaction: ServerTransaction, response: SentMessage): void;
  /**
   * A response could not be delivered: its connection is gone and cannot be made again, or the socket refused it. Once per transaction. The
   * transaction is over, except that a 2xx to INVITE is tried again until its ACK or `onAckTimeout`.
   */
  onResponseLost(transaction: ServerTransaction): void;
  /**
   * A 2xx to an INVITE with the sent-by of a listener here (RFC 3261 §18.1.2) that no transaction waits for: it was sent before a restart, or by whoever had this address. The peer repeats it for 64*T1, and
   * whoever knows the call owes it an ACK (RFC 3261 §13.2.2.4).
   */
  onStrayAnswer?(answer: ReceivedMessage): void;
}

/** Where an INVITE came from, over UDP, and the name of the listener it came to. */
export interface AdoptedArrival {
  readonly listener: string;
  /** IP address literal, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface AdoptedInvite {
  readonly transaction: ServerTransaction;
  readonly received: ReceivedMessage;
}

/** Where a message came from. */
export interface PeerSource {
  readonly transport: Transport;
  /** IP address literal, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** The listener it arrived on; for a connection we opened ourselves, the listener that it was opened for. */
  readonly listener: BoundListener;
  /** Address and port it arrived at (the bound ones; with a wildcard bind on UDP, the wildcard). */
  readonly localAddress: string;
  readonly localPort: number;
  /** Names in the peer's verified certificate: DNS names, hosts of `sip:` URIs, IP addresses; lower case. Empty if not verified. */
  readonly identities: readonly string[];
}

/** A message as it came, except that the top Via of a request holds `received` and `rport` where RFC 3261 §18.2.1 and RFC 3581 want them. */
export interface ReceivedMessage {
  readonly message: SipMessage;
  /** The whole message as latin1 text, one character per byte, nothing after the body. */
  readonly text: string;
  readonly source: PeerSource;
  /** Clock time of arrival, milliseconds since the epoch. */
  readonly atMs: number;
}

/** A message as it went out: exactly these characters, one byte each. */
export interface SentMessage {
  readonly text: string;
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly listener: BoundListener;
  readonly localAddress: string;
  readonly localPort: number;
  /** Clock time, milliseconds since the epoch. */
  readonly atMs: number;
}

export type SendResult = Result<SentMessage, SendFailure>;

/** Why a message did not leave. `detail` is for logs and for the drachtio `NOK` text; it holds no personal data. */
export interface SendFailure {
  readonly reason: SendFailureReason;
  readonly detail: string;
}

/**
 * - `transaction-over`: a final response was already sent (or the peer cancelled), or the transaction ended; nothing to cancel
 * - `not-a-response`: the message given to `respond` is not a response with a status of 100–699
 * - `bad-next-hop`: no URI to send to, or one that cannot be a next hop
 * - `no-listener`: no listener of that name, or none of the transport the next hop needs
 * - `unresolved`: DNS knows no address (RFC 3263)
 * - `transport`: no address could be reached (refused, reset, connect timeout, message too large)
 * - `superseded`: the same request (by its branch) was sent again, and the answers go to that one
 * - `closing`: the endpoint is being closed
 */
export type SendFailureReason =
  | "transaction-over"
  | "not-a-response"
  | "bad-next-hop"
  | "no-listener"
  | "unresolved"
  | "transport"
  | "superseded"
  | "closing";

/** A request received and not yet forgotten. The object stays the same for the transaction's whole life. */
export interface ServerTransaction {
  /** Unique in this endpoint and across restarts; safe as a token of the drachtio protocol. */
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  /** The request, until a final response was sent; null from then on, so that lingering transactions cost little memory. */
  readonly request: ReceivedMessage | null;
  /** True once a final response was sent, by the user or (487, CANCEL) by the endpoint. */
  readonly answered: boolean;
  /**
   * Sends a response. Via lines are those of the request whatever the message holds; Content-Length is made right; all else
   * goes out as given, so the To tag must be in it (`responseTo` of @tandem/sip). Several provisionals, then one final response.
   * `ok` means handed to the transport (a lost connection may still be made again; if not, `onResponseLost`).
   */
  respond(response: SipMessage): SendResult;
  /**
   * The ACK of its 2xx came by another endpoint: the 2xx is repeated no more and `onAckTimeout` not told (RFC 3261 §13.3.1.4). The INVITE that comes again is still absorbed
   * (RFC 6026 §7.1). Nothing without an unacknowledged 2xx.
   */
  acknowledged(): void;
}

export interface OutgoingRequest {
  /** All headers given but ours: Via and Content-Length. Via lines present (a proxy's) stay below ours. */
  readonly message: SipMessage;
  /** Local listener to send from; null: the first one of the transport that the next hop asks for. */
  readonly listener: string | null;
  /**
   * SIP(S) URI to send to (`sip:host:port;transport=tcp;lr`); null: the top Route, else the Request-URI. Not added as Route. With the parameter
   * `flow`, address and port are the far end of a connection that a peer opened: a request of its user goes back on it. `flow=address:port` names
   * that far end beside the URI's own place: it goes there when no such connection is open here any more. With `first=address` that one is tried
   * before the other addresses that the URI's name leads to, if it is one of them.
   */
  readonly nextHop: string | null;
  /**
   * How long one address may stay silent before the next is tried or the transaction fails (timers B and F), milliseconds.
   * Default 64*T1.
   */
  readonly timeoutMs?: number;
  /**
   * Branch for the first address tried, with the magic cookie; default one of the endpoint's own. The same request with the same branch once more, from
   * here or another place of the same sent-by, is a retransmission to the peer (RFC 3261 §17.2.3). Whoever waits here for the first gets `superseded`.
   */
  readonly branch?: string;
  /**
   * Sent-by of our Via (`host` or `host:port`); default the listener's. For the CANCEL of an INVITE that another endpoint sent and that has the same `branch`: by both the peer
   * knows what is cancelled (RFC 3261 §9.2, §17.2.3). Responses come back all the same, for the Via asks for `rport` (RFC 3581 §4).
   */
  readonly sentBy?: string;
}

/** A request under way. */
export interface ClientTransaction {
  /** Unique in this endpoint and across restarts; the same over all addresses tried. */
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  /** True until the last `onResponse` or `onFailure`. */
  readonly pending: boolean;
  /**
   * Cancels an INVITE (RFC 3261 §9.1): the CANCEL waits for a provisional response if there was none yet, and no further address is
   * tried. `headers` (for example Reason) are added to it. The final response, usually 487 or a 2xx that crossed, still comes as
   * `onResponse`; if none comes within 64*T1 of the CANCEL, `onFailure` with `timeout`. A second call does nothing.
   */
  cancel(headers?: readonly (readonly [name: string, value: string])[]): SendFailure | null;
}

export interface ClientTransactionEvents {
  /**
   * The request went out. Called once per address tried, `attempt` counting from 1; always before the first `onResponse` of that
   * address. Each address has a branch of its own.
   */
  onSent?(sent: SentMessage, attempt: number): void;
  /**
   * Every provisional response but 100, and the final one once. A 2xx to INVITE comes once per To tag (forking), so
   * after the first final response only further 2xx may follow. A 503 that made the endpoint try the next address is not passed up.
   */
  onResponse(response: ReceivedMessage): void;
  /** No final response will come. Never after one. */
  onFailure(failure: ClientFailure): void;
  /** A 100 came: the next hop lives. The first of each address, before any other provisional; `onResponse` never gets it. */
  onTrying?(response: ReceivedMessage): void;
  /** A 2xx already passed up came again and no ACK for it was given to `sendAck` yet: whoever should have sent it may be gone. */
  onRepeatedAnswer?(response: ReceivedMessage): void;
}

/**
 * `timeout`: the last address tried stayed silent (timer B or F, or 64*T1 after CANCEL); treat as 408. `cancelled`: the user cancelled before
 * anything was sent; treat as 487. All others: treat as 503. `tls`: the last address tried was reached, but its certificate is not valid for the next hop
 * (authority, dates, RFC 5922 name), or it refused the handshake or our certificate.
 */
export interface ClientFailure {
  readonly reason: "timeout" | "cancelled" | "tls" | SendFailureReason;
  readonly detail: string;
}
