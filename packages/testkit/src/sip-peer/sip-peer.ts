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
import { PeerDialog, type DialogSeed } from "./peer-dialog.ts";
import { StreamSocket } from "./stream-socket.ts";

/** Where a datagram came from or goes to. */
export interface PeerAddressOf {
  readonly address: string;
  readonly port: number;
}

/** A message as it arrived. */
export interface Arrived {
  readonly message: SipMessage;
  /** The datagram as latin1 text. */
  readonly text: string;
  readonly from: PeerAddressOf;
}

export interface PeerOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Longest wait of `expect`, milliseconds. Default 5 000. */
  readonly patienceMs?: number;
  /** User part of the peer's URI. Default `peer`. */
  readonly user?: string;
  /** Default udp. Over TCP it listens, too, and each message goes by the connection that leads to where it shall go, or by a new one. */
  readonly transport?: "udp" | "tcp";
}

export interface RequestOptions {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  /** Request-URI; default made from the destination. */
  readonly uri?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly cseq?: number;
}

export interface ReplyOptions {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly reason?: string;
  /** Default: one tag per Call-ID. */
  readonly toTag?: string;
  /** Add Contact (default: to 101–299 of INVITE and SUBSCRIBE). */
  readonly contact?: boolean;
}

/** What `expect` looks for: a method, a status, `"200 INVITE"`, or any test of the message. */
export type Expectation = string | number | ((message: SipMessage) => boolean);

/** A SIP peer for tests: one socket, nothing automatic, every message scripted. */
export class SipPeer {
  readonly #socket: Socket | StreamSocket;
  readonly #options: PeerOptions;
  readonly #arrived: Arrived[] = [];
  readonly #seen: string[] = [];
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

  /** Ends every TCP connection at once, as a crash of what lies between would; the peer goes on listening. */
  dropConnections(): void {
    if (this.#socket instanceof StreamSocket) this.#socket.drop();
  }

  /** Waits for the first message, among those not taken yet, that fits; others stay for later. */
  async expect(what: Expectation): Promise<Arrived> {
    const deadline = Date.now() + (this.#options.patienceMs ?? 5_000);
    for (;;) {
      const index = this.#arrived.findIndex(({ message }) => fits(message, what));
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
    this.send(
      buildRequest({
        method: "ACK",
        uri: invite.uri,
        headers: [
          ["Via", invite.get("Via") ?? ""],
          ["From", invite.get("From") ?? ""],
          ["To", response.message.get("To") ?? ""],
          ["Call-ID", invite.get("Call-ID") ?? ""],
          ["CSeq", `${sequence} ACK`],
          ["Max-Forwards", "70"],
        ],
      }),
      response.from,
    );
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
    this.#arrived.push({ message: parsed.value, text, from: { address: from.address, port: from.port } });
    for (const wake of this.#waiting) wake();
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

function fits(message: SipMessage, what: Expectation): boolean {
  if (typeof what === "function") return what(message);
  if (typeof what === "number") return message.kind === "response" && message.status === what;
  const [first, second] = what.split(" ");
  if (second !== undefined) return message.status === Number(first) && message.method === second;
  return message.kind === "request" && message.method === first;
}
