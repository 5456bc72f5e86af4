import { ok, type SipMessage } from "@tandem/sip";
import type {
  AdoptedArrival,
  AdoptedInvite,
  BoundListener,
  ClientTransaction,
  ClientTransactionEvents,
  Endpoint,
  EndpointEvents,
  EndpointStats,
  OutgoingRequest,
  SendResult,
} from "@tandem/sip-endpoint";
import { FakeClientTransaction, FakeServerTransaction } from "./fake-transactions.ts";
import { INSIDE, OUTSIDE, receivedOf, requestOf, sentOf, SOURCE, type ReceiveOptions } from "./sample-messages.ts";

/** An endpoint without sockets: the test is the network. */
export class FakeEndpoint implements Endpoint {
  readonly receiveWaitMs = 0;
  readonly listeners: readonly BoundListener[];
  readonly requests: FakeClientTransaction[] = [];
  readonly acks: OutgoingRequest[] = [];
  readonly adopted: FakeServerTransaction[] = [];
  /** Every INVITE that could be adopted came here by itself. */
  knows = false;
  readonly #events: EndpointEvents;
  readonly #waiting = new Set<() => void>();
  #serial = 0;

  constructor(events: EndpointEvents, advertisedAddress = OUTSIDE.advertisedAddress) {
    this.listeners = [OUTSIDE, INSIDE].map((each) => ({ ...each, advertisedAddress }));
    this.#events = events;
  }

  request(request: OutgoingRequest, events: ClientTransactionEvents): ClientTransaction {
    const transaction = new FakeClientTransaction(this.#id("c"), request, events);
    this.requests.push(transaction);
    this.#wake();
    return transaction;
  }

  async sendAck(ack: OutgoingRequest): Promise<SendResult> {
    this.acks.push(ack);
    this.#wake();
    return ok(sentOf(ack.message, SOURCE));
  }

  adoptInvite(invite: SipMessage, arrival: AdoptedArrival): AdoptedInvite | null {
    if (arrival.listener !== OUTSIDE.name || this.knows) return null;
    const received = receivedOf(invite, { address: arrival.address, port: arrival.port });
    const transaction = new FakeServerTransaction(this.#id("s"), received, () => this.#wake());
    this.adopted.push(transaction);
    this.#wake();
    return { transaction, received };
  }

  knowsInvite(): boolean {
    return this.knows;
  }

  stats(): EndpointStats {
    throw new TypeError("not asked for in these tests");
  }

  replaceTls(): boolean {
    return false;
  }

  async close(): Promise<void> {}

  /** A request arrives from the network. */
  receive(method: string, options: ReceiveOptions = {}): FakeServerTransaction {
    const received = receivedOf(requestOf(method, options), options.source);
    const transaction = new FakeServerTransaction(this.#id("s"), received, () => this.#wake());
    this.#events.onRequest(transaction, received);
    return transaction;
  }

  /** An ACK to a 2xx arrives. */
  receiveAck(transaction: FakeServerTransaction | null, options: ReceiveOptions = {}): void {
    const callId = transaction?.callId ?? options.callId ?? "call-1";
    this.#events.onAck(receivedOf(requestOf("ACK", { toTag: "our-tag", ...options, callId })), transaction);
  }

  /** The peer cancels an INVITE. */
  receiveCancel(transaction: FakeServerTransaction): void {
    transaction.cancel();
    this.#events.onCancel(transaction, receivedOf(requestOf("CANCEL", { callId: transaction.callId })));
  }

  /** No ACK came for the last response. */
  ackTimeout(transaction: FakeServerTransaction): void {
    const response = transaction.responses.at(-1);
    if (response !== undefined) this.#events.onAckTimeout(transaction, sentOf(response, SOURCE));
  }

  responseLost(transaction: FakeServerTransaction): void {
    this.#events.onResponseLost(transaction);
  }

  /** Waits until something that the edge did satisfies `look`. */
  async until<T>(look: () => T | undefined, patienceMs = 15_000): Promise<T> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error("the edge did not do it in time");
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 50);
        this.#waiting.add(wake);
      });
    }
  }

  /** The n-th request the edge sent. */
  sentRequest(index: number): Promise<FakeClientTransaction> {
    return this.until(() => this.requests[index]);
  }

  #id(prefix: string): string {
    this.#serial += 1;
    return `${prefix}${this.#serial}`;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
