import { ok, type Failure, type Result } from "@tandem/domain";
import { err } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type {
  ClientEvents,
  ClientTransaction,
  IncomingRequest,
  OutgoingRequest,
  PeerAddress,
  ServerTransaction,
  SipPort,
} from "../ports/index.ts";
import { last } from "./last.ts";

/** One request the code under test sent, with the means to answer it. */
export interface SentRequest {
  readonly request: OutgoingRequest;
  readonly message: SipMessage;
  readonly transaction: ClientTransaction;
  cancelled: boolean;
  /** The peer's response arrives. */
  answer(response: SipMessage): void;
  /** No final response will come. */
  fail(failure: Failure): void;
}

export interface GivenResponse {
  readonly transaction: ServerTransaction;
  readonly message: SipMessage;
}

const PEER: PeerAddress = { address: "192.0.2.10", port: 5060, transport: "udp" };

/** A SipPort whose peers are the test: it records what is sent and lets the test (or `peer`) answer. */
export class FakeSipPort implements SipPort {
  readonly sent: SentRequest[] = [];
  readonly responses: GivenResponse[] = [];
  /** Transactions that an edge which ends has to wait for, by id. */
  readonly held: string[] = [];
  /** Requests that another worker answers, by transaction id. */
  readonly handedOver: string[] = [];
  /** Of them, those that came again by another edge. */
  readonly unheld: string[] = [];
  /** Server transactions whose ACK came by another edge, by id. */
  readonly acknowledgedElsewhere: string[] = [];
  /** INVITEs to be brought to an edge, in order. */
  readonly adopted: IncomingRequest[] = [];
  /** Called with every request sent; a scripted peer answers from here. */
  peer: (sent: SentRequest) => void = () => undefined;
  /** When set, sending fails with it. */
  refusal: Failure | null = null;
  /** Edges that send, whatever their pool: the first one by default. */
  readonly edges = ["edge-1"];
  /** Edges that are gone: what is answered through them fails. */
  readonly lostEdges = new Set<string>();
  #serial = 0;

  sendRequest(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    if (this.refusal !== null) return Promise.resolve(err(this.refusal));
    const edge = this.edges.find((each) => each !== request.avoidEdge) ?? "edge-1";
    const transaction = { edge, id: `c${(this.#serial += 1)}` };
    const sent: SentRequest = {
      request,
      message: request.message,
      transaction,
      cancelled: false,
      answer: (response) => events.onResponse(response, PEER),
      fail: (failure) => events.onFailure(failure),
    };
    this.sent.push(sent);
    return Promise.resolve(ok(transaction)).then((result) => {
      this.peer(sent);
      return result;
    });
  }

  respond(transaction: ServerTransaction, response: SipMessage): Promise<Result<void, Failure>> {
    if (this.lostEdges.has(transaction.edge)) return Promise.resolve(err({ code: "edge-lost", detail: "" }));
    this.responses.push({ transaction, message: response });
    return Promise.resolve(ok(undefined));
  }

  cancel(transaction: ClientTransaction): Promise<Result<void, Failure>> {
    const sent = this.sent.find((candidate) => candidate.transaction.id === transaction.id);
    if (sent !== undefined) sent.cancelled = true;
    return Promise.resolve(ok(undefined));
  }

  hasOtherEdge(_pool: string, edge: string): boolean {
    return this.edges.some((each) => each !== edge);
  }

  adopt(invite: IncomingRequest): void {
    this.adopted.push(invite);
  }

  handOver({ id }: ServerTransaction): void {
    this.handedOver.push(id);
  }

  unhold({ id }: ServerTransaction): void {
    this.unheld.push(id);
  }

  acknowledged({ id }: ServerTransaction): void {
    this.acknowledgedElsewhere.push(id);
  }

  hold({ id }: ClientTransaction | ServerTransaction): void {
    this.held.push(id);
  }

  /** Requests sent with this method, in order. */
  requests(method: string): readonly SentRequest[] {
    return this.sent.filter((sent) => sent.message.method === method);
  }

  /** The last response given to one server transaction. */
  responseTo(id: string): SipMessage {
    return last(this.responses.filter(({ transaction }) => transaction.id === id)).message;
  }

  /** Status codes given to one server transaction, in order. */
  statuses(id: string): readonly number[] {
    return this.responses.filter(({ transaction }) => transaction.id === id).map(({ message }) => message.status);
  }
}
