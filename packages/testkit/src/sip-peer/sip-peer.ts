import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  buildRequest,
  formatMessage,
  latin1Text,
  parseMessage,
  responseTo,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";
import { fits, type Expectation } from "./expectation.ts";
import { PeerDialog, type DialogSeed } from "./peer-dialog.ts";
import type { Arrived, PeerAddressOf, PeerOptions, ReplyOptions, RequestOptions } from "./peer-options.ts";
import { PeerTransactions } from "./peer-transactions.ts";
import { StreamSocket } from "./stream-socket.ts";

/**
 * A SIP peer for tests: one socket, every message scripted. Only what RFC 3261 has the transaction layer do is automatic: a request that comes again gets the
 * last response again, a final response that comes again its ACK, and `expect` sees neither.
 */
export class SipPeer {
  readonly #socket: Socket | StreamSocket;
  readonly #options: PeerOptions;
  readonly #arrived: Arrived[] = [];
  readonly #repeated: Arrived[] = [];
  readonly #seen: string[] = [];
  readonly #transactions = new PeerTransactions();
  readonly #waiting = new Set<() => void>();
  readonly #tags = new Map<string, string>();
  readonly #name = Math.random().toString(36).slice(2, 8);
  #serial = 0;

  private constructor(socket: Socket | StreamSocket, options: PeerOptions) {
    this.#socket = socket;
    this.#options = options;
    const take = (message: Buffer, from: PeerAddressOf): void => this.#take(message, from);
    if (socket instanceof StreamSocket) socket.on("message", take);
    else socket.on("message", take);
  }

  /** Opens a peer on a port of the system's choice. */
  static async open(options: PeerOptions = {}): Promise<SipPeer> {
    const address = options.address ?? "127.0.0.1";
    if (options.transport === "tcp") return new SipPeer(await StreamSocket.listen(address), options);
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    return new SipPeer(socket, options);
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** `host:port`. */
  get hostport(): string {
    return this.address.includes(":") ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** The peer's own URI. */
  get uri(): string {
    const way = this.#overTcp ? ";transport=tcp" : "";
    return `sip:${this.#options.user ?? "peer"}@${this.hostport}${way}`;
  }

  /** Connections that were opened to this TCP peer, since its start. */
  get accepted(): number {
    return this.#socket instanceof StreamSocket ? this.#socket.accepted : 0;
  }

  /** Connections of this TCP peer that the other side ended, or that could not be made, since its start. */
  get ended(): number {
    return this.#socket instanceof StreamSocket ? this.#socket.ended : 0;
  }

  /** Ends every TCP connection at once, as a crash of what lies between would; the peer goes on listening. */
  dropConnections(): void {
    if (this.#socket instanceof StreamSocket) this.#socket.drop();
  }

  /** Waits for the first message, among those not taken yet, that fits; others stay for later. `callId`: of that call only. */
  async expect(what: Expectation, callId?: string): Promise<Arrived> {
    const deadline = Date.now() + (this.#options.patienceMs ?? 15_000);
    for (;;) {
      const index = this.#arrived.findIndex(
        ({ message }) => fits(message, what) && (callId === undefined || message.get("Call-ID") === callId),
      );
      const [found] = index < 0 ? [] : this.#arrived.splice(index, 1);
      if (found !== undefined) return found;
      if (Date.now() >= deadline) throw new Error(this.#missed(what));
      await this.#next(deadline);
    }
  }

  /** Messages that arrived and were not taken by `expect`. */
  get untaken(): readonly Arrived[] {
    return this.#arrived;
  }

  /** Requests that came again, and final responses that came again after their ACK; in order. */
  get repeated(): readonly Arrived[] {
    return this.#repeated;
  }

  /** Drops what nobody took, so that a test does not begin with what another one left. */
  forget(): void {
    this.#arrived.length = 0;
  }

  /** Start lines of everything that ever arrived, in order. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  /** Sends a message, or any text, byte for byte. */
  send(message: SipMessage | string, to: PeerAddressOf): void {
    const text = typeof message === "string" ? message : formatMessage(message);
    this.#socket.send(Buffer.from(text, "latin1"), to.port, to.address);
  }

  /** Sends a new request out of a dialog and returns it as sent. */
  request(method: string, to: PeerAddressOf, options: RequestOptions = {}): SipMessage {
    const uri = options.uri ?? `sip:callee@${to.address}:${to.port}`;
    const contact: readonly HeaderLine[] = ["INVITE", "SUBSCRIBE", "REGISTER"].includes(method)
      ? [["Contact", `<${this.uri}>`]]
      : [];
    const message = buildRequest({
      method,
      uri,
      headers: [
        ["Via", this.via()],
        ["Max-Forwards", "70"],
        ["From", `<${this.uri}>;tag=${options.fromTag ?? this.unique("f")}`],
        ["To", `<${uri}>`],
        ["Call-ID", options.callId ?? this.unique("call")],
        ["CSeq", `${options.cseq ?? 1} ${method}`],
        ...contact,
        ...(options.headers ?? []),
      ],
      body: options.body ?? "",
    });
    this.send(message, to);
    return message;
  }

  /** Answers a request that arrived and returns the response as sent. */
  reply(request: Arrived, status: number, options: ReplyOptions = {}): SipMessage {
    const { message, from } = request;
    const makesDialog = status > 100 && status < 300 && ["INVITE", "SUBSCRIBE"].includes(message.method);
    const contact: readonly HeaderLine[] = (options.contact ?? makesDialog) ? [["Contact", `<${this.uri}>`]] : [];
    const response = responseTo(message, status, {
      toTag: options.toTag ?? this.tagOf(message.get("Call-ID") ?? ""),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      headers: [...contact, ...(options.headers ?? [])],
      body: options.body ?? "",
    });
    this.#transactions.answered(message, response);
    this.send(response, from);
    return response;
  }

  /** CANCEL of an INVITE sent before (RFC 3261 §9.1). */
  cancel(invite: SipMessage, to: PeerAddressOf, headers: readonly HeaderLine[] = []): void {
    const kept = ["Via", "From", "To", "Call-ID"].map((name): HeaderLine => [name, invite.get(name) ?? ""]);
    const sequence = (invite.get("CSeq") ?? "").split(" ")[0];
    this.send(
      buildRequest({
        method: "CANCEL",
        uri: invite.uri,
        headers: [...kept, ["CSeq", `${sequence} CANCEL`], ["Max-Forwards", "70"], ...headers],
      }),
      to,
    );
  }

  /** ACK of a final response other than 2xx, which belongs to the INVITE's transaction (RFC 3261 §17.1.1.3). */
  ackFailure(invite: SipMessage, response: Arrived): void {
    const sequence = (invite.get("CSeq") ?? "").split(" ")[0];
    const kept = ["Via", "From", "Call-ID"].map((name): HeaderLine => [name, invite.get(name) ?? ""]);
    const to: HeaderLine = ["To", response.message.get("To") ?? ""];
    const headers = [...kept, to, ["CSeq", `${sequence} ACK`], ["Max-Forwards", "70"]] as const;
    const ack = buildRequest({ method: "ACK", uri: invite.uri, headers });
    this.#transactions.acknowledgedFailure(ack);
    this.#dropRepeated();
    this.send(ack, response.from);
  }

  /** The dialog as this peer sees it after its own INVITE was answered. */
  dialogAsCaller(invite: SipMessage, answer: Arrived): PeerDialog {
    return this.#dialog({ kind: "caller", invite, answer: answer.message, to: answer.from });
  }

  /** The dialog as this peer sees it after it answered an INVITE. */
  dialogAsCallee(invite: Arrived, answer: SipMessage): PeerDialog {
    return this.#dialog({ kind: "callee", invite: invite.message, answer, to: invite.from });
  }

  /** A fresh Via with its own branch. */
  via(): string {
    return `SIP/2.0/${this.#overTcp ? "TCP" : "UDP"} ${this.hostport};branch=z9hG4bK${this.unique("b")};rport`;
  }

  /** A text that no other peer makes. */
  unique(prefix: string): string {
    this.#serial += 1;
    return `${prefix}-${this.#name}-${this.#serial}`;
  }

  /** The To tag this peer uses for a Call-ID. */
  tagOf(callId: string): string {
    const known = this.#tags.get(callId) ?? this.unique("t");
    this.#tags.set(callId, known);
    return known;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #overTcp(): boolean {
    return this.#options.transport === "tcp";
  }

  #dialog(seed: DialogSeed): PeerDialog {
    return new PeerDialog(seed, {
      send: (message, to) => this.send(message, to),
      acknowledged: (ack) => {
        this.#transactions.acknowledged(ack);
        this.#dropRepeated();
      },
      via: () => this.via(),
      contact: `<${this.uri}>`,
    });
  }

  #take(datagram: Buffer, from: PeerAddressOf): void {
    const text = latin1Text(datagram);
    // Keep-alive of RFC 5626.
    if (text.trim() === "") return;
    const parsed = parseMessage(text);
    if (!parsed.ok) throw new Error(`the peer received what is no SIP message: ${parsed.error.reason}`);
    this.#seen.push(text.slice(0, text.indexOf("\r\n")));
    const arrived = { message: parsed.value, text, from: { address: from.address, port: from.port } };
    const verdict = this.#transactions.take(arrived.message);
    if (verdict.kind === "new") this.#arrived.push(arrived);
    else this.#repeated.push(arrived);
    if (verdict.kind === "repeated" && verdict.again !== null) this.send(verdict.again, arrived.from);
    for (const wake of this.#waiting) wake();
  }

  /** Final responses that came several times before they were acknowledged. */
  #dropRepeated(): void {
    const kept = this.#arrived.filter(
      ({ message }) => message.kind === "request" || this.#transactions.take(message).kind === "new",
    );
    this.#arrived.splice(0, this.#arrived.length, ...kept);
  }

  #next(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(deadline - Date.now(), 0) + 1);
      this.#waiting.add(wake);
    });
  }

  #missed(what: Expectation): string {
    const wanted = typeof what === "function" ? "a certain message" : String(what);
    return `${wanted} did not come; so far: ${this.#seen.join(" | ") || "nothing"}`;
  }
}
