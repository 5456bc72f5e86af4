import type { Failure, Result } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";

/**
 * The way to SIP peers. The split arrangement implements it with drachtio-srf connections to the edges
 * (adapter-drachtio/client); a fused worker would implement it on sip-endpoint. Nothing above knows which.
 *
 * The edge below this port: answers 100 Trying, absorbs retransmissions, retransmits 2xx until the ACK, ACKs non-2xx finals,
 * answers CANCEL (200) and the cancelled INVITE (487), resolves next hops (RFC 3263), adds Via and Content-Length.
 * It keeps no dialogs: Call-ID, tags, CSeq, Route, Contact and Max-Forwards of an outgoing message are used as given.
 */
export interface SipPort {
  /** Sends a request out of a dialog or in one (all headers given), or the CANCEL of another edge's INVITE. ACK to a 2xx goes here too and has no responses. */
  sendRequest(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>>;
  /** Answers a request received earlier; the To tag and Contact are taken from the message as given. */
  respond(transaction: ServerTransaction, response: SipMessage): Promise<Result<void, Failure>>;
  /** Cancels an INVITE; the final response still arrives through its ClientEvents. `headers` may hold Reason. */
  cancel(
    transaction: ClientTransaction,
    headers: readonly (readonly [string, string])[],
  ): Promise<Result<void, Failure>>;
  /** Another edge of the pool than that one is connected. */
  hasOtherEdge(pool: string, edge: string): boolean;
  /**
   * The INVITE, received or sent, belongs to an emergency call that is set up: its edge does not end before it is over, if it is told to end meanwhile. Nothing where the
   * transaction is over, or its edge gone.
   */
  hold(transaction: ClientTransaction | ServerTransaction): void;
  /** The INVITE came again by another edge, which holds it: the end of this one's edge need not wait for it any more. It can still be answered. */
  unhold(transaction: ServerTransaction): void;
  /**
   * The ACK of the 2xx given to that INVITE came by another edge: its own edge repeats the 2xx no more, reports no missing ACK and waits for none. Nothing where the transaction is
   * over, or its edge gone.
   */
  acknowledged(transaction: ServerTransaction): void;
  /**
   * Brings an INVITE of this worker's pool, which came over UDP to an edge that was lost with its worker, to an edge of the pool: its own one if that is there again, else another. Nothing where that edge lives
   * and has it. From the edge that takes it the application gets it as one that is `adopted`.
   */
  adopt(invite: IncomingRequest): void;
  /** Another worker has the call and answers the request: the end of this one need not wait for that. */
  handOver(transaction: ServerTransaction): void;
}

export interface OutgoingRequest {
  readonly message: SipMessage;
  /** Pool whose edge must send it. */
  readonly pool: string;
  /** Local listener of that pool to send from. */
  readonly listener: string;
  /**
   * Next hop as a SIP URI (`sip:host:port;transport=tcp;lr`); null: the top Route, else the Request-URI. With the parameter `flow` it names the far
   * end of a connection that the peer opened, and the request goes back on it; with `flow=address:port` it does so while that connection is there, else to
   * the URI's own place.
   */
  readonly nextHop: string | null;
  /** Edge that should send if it is alive (affinity of a connection); any other of the pool serves. */
  readonly preferredEdge: string | null;
  /** Edge that sends it only where the pool has no other that is connected. Every worker chooses the same one of the others. */
  readonly avoidEdge?: string;
  /**
   * How long an address may stay silent, milliseconds; then nothing is sent to it any more (timers B and F of RFC 3261 §17.1, a shorter interest of
   * the transaction user). Default 64*T1.
   */
  readonly timeoutMs?: number;
  /**
   * Branch of its Via, magic cookie included; default one of the edge's. The same INVITE with the same branch through the edge that sent it for a worker that
   * died meanwhile takes it over: nothing is sent, and what came last is told again. The same request with the same branch through another edge of the pool is a
   * retransmission to the peer; whoever waited for the first gets the failure `superseded`.
   */
  readonly branch?: string;
  /**
   * Of an INVITE that goes again: the edge by whose address the peer knows it, and the sent-by of its Via where that is known. Only that edge sends it, or another one of
   * that address. One that is not connected is awaited for some seconds; if it does not come by then, or comes with another address, the failure is `edge-lost`. Default:
   * `preferredEdge`, or any of the pool.
   */
  readonly knownBy?: { readonly edge: string; readonly sentBy?: string };
  /** Sent-by (`host` or `host:port`) of its Via; default that of the listener. For the CANCEL of an INVITE that another edge sent, which has a `branch`, too (RFC 3261 §9.1). */
  readonly sentBy?: string;
}

/** Names a client transaction in its edge. Plain data: it may be stored in the call record. */
export interface ClientTransaction {
  readonly edge: string;
  readonly id: string;
}

/** Names a server transaction in its edge. Plain data: any worker connected to that edge may answer it. */
export interface ServerTransaction {
  readonly edge: string;
  readonly id: string;
}

export interface ClientEvents {
  /**
   * Every response, in order; retransmitted 2xx are passed up once per To tag. The 100 of an INVITE is passed up too: it proves that the next hop
   * lives (connect timer). Further 2xx of an INVITE (other To tags) may follow the final response. `cameMs`: when it came to the edge (epoch ms, by this process's
   * clock), which may tell it again to a worker that takes a call over. Absent: now.
   */
  onResponse(response: SipMessage, source: PeerAddress, cameMs?: number): void;
  /** No final response will come: timeout, transport failure or the edge's connection is lost. */
  onFailure(failure: Failure): void;
}

export interface PeerAddress {
  readonly address: string;
  readonly port: number;
  readonly transport: "udp" | "tcp" | "tls";
}

/** What the edge delivers to the worker. */
export interface IncomingRequest {
  readonly transaction: ServerTransaction;
  readonly message: SipMessage;
  readonly source: PeerAddress;
  readonly pool: string;
  readonly listener: string;
  /** Identity of the peer's verified certificate (subject alternative names), empty without mutual TLS. */
  readonly tlsIdentities: readonly string[];
  /** True when an earlier worker took this transaction and died: look for its call record. */
  readonly redelivered: boolean;
  /** An INVITE whose edge was lost, brought to another edge by this worker: it belongs to a call that is there, or to none. */
  readonly adopted?: true;
  /** When it came to the edge (epoch ms, by this process's clock); it may have waited there for a worker. Absent: now. */
  readonly cameMs?: number;
  /** Of such an INVITE that another worker had: the call that it is of. */
  readonly ofCall?: string;
}

/** The application side of the port: implemented by call-control, called by the adapter. */
export interface SipApplication {
  onRequest(request: IncomingRequest): void;
  /** The caller cancelled `transaction` (200 and 487 are already sent by the edge). */
  onCancel(transaction: ServerTransaction, cancel: SipMessage): void;
  /** No ACK came for our 2xx within 64*T1 (RFC 3261 §13.3.1.4): the dialog must be ended with BYE. */
  onAckTimeout(transaction: ServerTransaction, response: SipMessage): void;
  /** A 2xx to an INVITE that nobody acknowledged through the edge that got it, of a worker that died or said again by the peer: the call's record says what becomes of it. */
  onOrphanAnswer(answer: OrphanAnswer): void;
  /**
   * Whether this process still works on the call of that INVITE, which came here. False, for an edge that fell silent: it may only be cut off from here, and has given the INVITE to another
   * worker then, which has the call.
   */
  worksOn(invite: IncomingRequest): boolean;
}

export interface OrphanAnswer {
  readonly message: SipMessage;
  /** The edge that got it, which repeats the ACK that it is given for it. */
  readonly edge: string;
  readonly pool: string;
  /** The INVITE left by it. */
  readonly listener: string;
  /** Where the answer came from. */
  readonly source: PeerAddress;
  /** A worker was told it before, which lives, or had it acknowledged by another edge: the call may live without a record, or have had its BYE. */
  readonly told: boolean;
  /** When it came to the edge (epoch ms, by this process's clock). Absent: now. */
  readonly cameMs?: number;
}
