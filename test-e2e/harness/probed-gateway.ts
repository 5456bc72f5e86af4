import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { formatMessage, parseDatagram, responseTo, topVia, type SipMessage } from "@tandem/sip";

/** A gateway that answers by itself: OPTIONS with a status that the test may change, INVITE with 486, so that being called shows. */
export class ProbedGateway {
  /** Status for OPTIONS; null: silence. */
  status: number | null = 200;
  /** INVITEs that came, retransmissions included. */
  readonly received = { invites: 0 };
  /** How often the OPTIONS of each branch came. */
  readonly #probes = new Map<string, number>();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (datagram, from) => this.#take(datagram, from));
  }

  static async open(): Promise<ProbedGateway> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new ProbedGateway(socket);
  }

  /** OPTIONS that came, each once however often it was repeated. */
  get probes(): number {
    return this.#probes.size;
  }

  /** Those that came more than once. */
  get repeatedProbes(): number {
    return [...this.#probes.values()].filter((times) => times > 1).length;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #take(datagram: Buffer, from: RemoteInfo): void {
    const parsed = parseDatagram(datagram);
    if (!parsed.ok || parsed.value.kind !== "request") return;
    const request = parsed.value;
    if (request.method === "OPTIONS") this.#count(request);
    if (request.method === "INVITE") this.received.invites += 1;
    const status = request.method === "OPTIONS" ? this.status : request.method === "INVITE" ? 486 : null;
    if (status === null) return;
    const response = formatMessage(responseTo(request, status, { toTag: "probed" }));
    this.#socket.send(Buffer.from(response, "latin1"), from.port, from.address);
  }

  #count(options: SipMessage): void {
    const branch = topVia(options)?.branch ?? "";
    this.#probes.set(branch, (this.#probes.get(branch) ?? 0) + 1);
  }
}
