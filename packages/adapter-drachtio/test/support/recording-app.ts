import type {
  ClientEvents,
  IncomingRequest,
  OrphanAnswer,
  PeerAddress,
  ServerTransaction,
  SipApplication,
} from "@tandem/call-control";
import type { Failure } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";

/** Waits for things that were recorded, in order. */
class Recorder<T> {
  readonly items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.items.push(item);
    else waiting(item);
  }

  next(): Promise<T> {
    const [item] = this.items.splice(0, 1);
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** An application that only writes down what it is told. */
export class RecordingApp implements SipApplication {
  readonly requests = new Recorder<IncomingRequest>();
  readonly cancels = new Recorder<{ transaction: ServerTransaction; cancel: SipMessage }>();
  readonly ackTimeouts = new Recorder<{ transaction: ServerTransaction; response: SipMessage }>();

  readonly orphanAnswers = new Recorder<OrphanAnswer>();

  onRequest(request: IncomingRequest): void {
    this.requests.add(request);
  }

  onCancel(transaction: ServerTransaction, cancel: SipMessage): void {
    this.cancels.add({ transaction, cancel });
  }

  onAckTimeout(transaction: ServerTransaction, response: SipMessage): void {
    this.ackTimeouts.add({ transaction, response });
  }

  onOrphanAnswer(answer: OrphanAnswer): void {
    this.orphanAnswers.add(answer);
  }

  worksOn(): boolean {
    return true;
  }
}

/** Client events written down. */
export class RecordingEvents implements ClientEvents {
  readonly responses = new Recorder<{ response: SipMessage; source: PeerAddress }>();
  readonly failures = new Recorder<Failure>();
  /** What came, in order: statuses, and failure codes. */
  readonly order: (number | string)[] = [];

  onResponse(response: SipMessage, source: PeerAddress): void {
    this.order.push(response.status);
    this.responses.add({ response, source });
  }

  onFailure(failure: Failure): void {
    this.order.push(failure.code);
    this.failures.add(failure);
  }
}
