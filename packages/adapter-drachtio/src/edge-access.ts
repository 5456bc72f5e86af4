import type {
  ClientEvents,
  ClientTransaction,
  EdgeWait,
  IncomingRequest,
  OutgoingRequest,
  ServerTransaction,
  SipApplication,
} from "@tandem/call-control";
import type { Failure, Result } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";

/** The new transaction of an INVITE that an edge goes on with. `known`: its sender has repeated it there, and some worker has it from there; null: the edge cannot. */
export type Adoption = ServerTransaction | "known" | null;

/** One edge as a worker uses it: over a connection, or in the worker's own process. */
export interface EdgeAccess {
  /** The edge's id. */
  readonly edge: string;
  readonly pool: string;
  /** Transactions under way. */
  readonly pending: { readonly client: number; readonly server: number };
  /** Nothing is under way that a peer or a call waits for. */
  readonly idle: boolean;
  /** What comes there waits for so long until this worker reads it. */
  readonly wait: EdgeWait;
  /** Sent-by of what that listener sends; null: not known. */
  sentBy(listener: string): string | null;
  /** Sends a request; the result names the transaction at the edge. No event comes before the result was seen. */
  request(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>>;
  /** Answers a request that this edge delivered, to this worker or another. */
  respond(id: string, response: SipMessage): Promise<Result<void, Failure>>;
  /** Cancels an INVITE of this edge. */
  cancel(id: string, headers: readonly (readonly [string, string])[]): Promise<Result<void, Failure>>;
  /** A worker without routes stands aside there: it is asked where no other takes a request. */
  readonly keepsAside: boolean;
  /** It goes on with INVITEs that another edge of the pool received. */
  readonly adopts: boolean;
  /** Asks it to go on with such an INVITE; `taken` hears before any event of the new transaction. */
  adopt(invite: IncomingRequest, taken: (adoption: Adoption) => void): void;
  /** The INVITE, received or sent there, is of an emergency call: when the edge is told to end it waits for it. */
  hold(id: string): void;
  /** That INVITE came again by another edge: nothing waits for it any more. */
  unhold(id: string): void;
  /** The ACK of the 2xx given to that INVITE came by another edge: this one need not repeat it any more. */
  acknowledged(id: string): void;
  /** Another worker answers the request: this one is idle without that. */
  handOver(id: string): void;
  /** Registers or withdraws one verb. */
  route(verb: string, add: boolean): void;
}

/** The edge in the worker's own process. */
export interface LocalEdge {
  /** Makes the worker an application of the edge, without a connection. `lost` is told when the edge closes. */
  attach(app: SipApplication, lost: () => void): LocalEdgeAccess;
}

export interface LocalEdgeAccess extends EdgeAccess {
  /** Listeners as configured, `name:transport:port` each. */
  readonly listeners: readonly string[];
  /** Ends the attachment as the loss of a connection would: what is under way fails, or goes to another worker. */
  close(): void;
}
