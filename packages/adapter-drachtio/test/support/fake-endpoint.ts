import { buildRequest, err, formatMessage, ok, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
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
  PeerSource,
  ReceivedMessage,
  SendFailure,
  SendResult,
  SentMessage,
  ServerTransaction,
} from "@tandem/sip-endpoint";

function listener(name: string, transport: "udp" | "tcp", port: number): BoundListener {
  return { name, transport, address: "192.0.2.1", port, advertisedAddress: "192.0.2.1", advertisedPort: port };
}

const OUTSIDE = listener("outside", "udp", 5060);
const INSIDE = listener("inside", "tcp", 5070);

const SOURCE: PeerSource = {
  transport: "udp",
  address: "198.51.100.7",
  port: 5062,
  listener: OUTSIDE,
  localAddress: "192.0.2.1",
  localPort: 5060,
  identities: [],
};

/** A request that the fake network sent to the edge. */
export class FakeServerTransaction implements ServerTransaction {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  readonly received: ReceivedMessage;
  readonly responses: SipMessage[] = [];
  failure: SendFailure | null = null;
  /** The edge was told that its ACK came elsewhere. */
  acknowledgedElsewhere = false;
  #answered = false;
  readonly #onAnswer: () => void;

  constructor(id: string, received: ReceivedMessage, onAnswer: () => void) {
    this.id = id;
    this.received = received;
    this.method = received.message.method;
    this.callId = received.message.get("Call-ID") ?? "";
    this.#onAnswer = onAnswer;
  }

  get request(): ReceivedMessage | null {
    return this.#answered ? null : this.received;
  }

  get answered(): boolean {
    return this.#answered;
  }

  respond(response: SipMessage): SendResult {
    if (this.#answered) return err({ reason: "transaction-over", detail: "answered" });
    if (this.failure !== null) return err(this.failure);
    this.responses.push(response);
    if (response.status >= 200) this.#answered = true;
    this.#onAnswer();
    return ok(sentOf(response, SOURCE));
  }

  acknowledged(): void {
    this.acknowledgedElsewhere = true;
  }

  /** The peer cancels. */
  cancel(): void {
    this.#answered = true;
  }
}

/** A request that the edge sent. */
export class FakeClientTransaction implements ClientTransaction {
  readonly id: string;
  readonly method: string;
  readonly callId: string;
  readonly out: OutgoingRequest;
  cancelled: readonly HeaderLine[] | null = null;
  pending = true;
  readonly #events: ClientTransactionEvents;

  constructor(id: string, out: OutgoingRequest, events: ClientTransactionEvents) {
    this.id = id;
    this.out = out;
    this.method = out.message.method;
    this.callId = out.message.get("Call-ID") ?? "";
    this.#events = events;
  }

  cancel(headers: readonly HeaderLine[] = []): SendFailure | null {
    this.cancelled ??= headers;
    return null;
  }

  /** It left. */
  sent(attempt = 1): void {
    this.#events.onSent?.(sentOf(this.out.message, SOURCE), attempt);
  }

  /** The next hop says 100. */
  trying(): void {
    this.#events.onTrying?.(receivedOf(responseTo(this.out.message, 100)));
  }

  /** The peer answers. */
  answer(status: number, options: { headers?: readonly HeaderLine[]; body?: string; toTag?: string } = {}): void {
    const { toTag = "peer-tag", headers = [], body = "" } = options;
    const message = responseTo(this.out.message, status, { toTag, headers, body });
    if (status >= 200) this.pending = false;
    this.#events.onResponse(receivedOf(message));
  }

  /** The peer repeats its 2xx: no ACK reached it. */
  answerAgain(): void {
    this.#events.onRepeatedAnswer?.(receivedOf(responseTo(this.out.message, 200, { toTag: "peer-tag" })));
  }

  /** Nothing comes. */
  fail(reason: "timeout" | "transport" | "tls" | "unresolved" | "no-listener" | "bad-next-hop"): void {
    this.pending = false;
    this.#events.onFailure({ reason, detail: "as the test wants" });
  }
}

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

export interface ReceiveOptions {
  readonly uri?: string;
  readonly callId?: string;
  readonly toTag?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly cseq?: number;
  readonly maxForwards?: string;
  readonly source?: Partial<PeerSource>;
}

function requestOf(method: string, options: ReceiveOptions): SipMessage {
  const tag = options.toTag === undefined ? "" : `;tag=${options.toTag}`;
  return buildRequest({
    method,
    uri: options.uri ?? "sip:service@192.0.2.1",
    headers: [
      ["Via", "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKx"],
      ["Max-Forwards", options.maxForwards ?? "70"],
      ["From", "<sip:caller@198.51.100.7:5062>;tag=caller-tag"],
      ["To", `<sip:service@192.0.2.1>${tag}`],
      ["Call-ID", options.callId ?? "call-1"],
      ["CSeq", `${options.cseq ?? 1} ${method}`],
      ["Contact", "<sip:caller@198.51.100.7:5062>"],
      ...(options.headers ?? []),
    ],
    body: options.body ?? "",
  });
}

function receivedOf(message: SipMessage, source: Partial<PeerSource> = {}): ReceivedMessage {
  return { message, text: formatMessage(message), source: { ...SOURCE, ...source }, atMs: 1_700_000_000_123 };
}

function sentOf(message: SipMessage, to: PeerSource): SentMessage {
  const { transport, address, port, localAddress, localPort } = to;
  return {
    text: formatMessage(message),
    transport,
    address,
    port,
    listener: OUTSIDE,
    localAddress,
    localPort,
    atMs: 0,
  };
}

/** An INVITE of ordinary size, as it would arrive. */
export function sampleInvite(): ReceivedMessage {
  const sdp = `v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n${"a=rtpmap:101 telephone-event/8000\r\n".repeat(6)}`;
  return receivedOf(
    requestOf("INVITE", {
      headers: [
        ["Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"],
        ["Supported", "100rel, timer, replaces"],
        ["User-Agent", "bench"],
        ["P-Asserted-Identity", "<sip:+12025550100@example.com;user=phone>"],
        ["Content-Type", "application/sdp"],
      ],
      body: sdp,
    }),
  );
}
