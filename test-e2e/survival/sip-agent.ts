import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { formatMessage, latin1Text, parseMessage, topVia, type SipMessage } from "@tandem/sip";
import type { PeerAddressOf } from "@tandem/testkit";
import type { PoolAddresses } from "./pool-addresses.ts";

const T1_MS = 500;
const T2_MS = 4_000;
const GIVE_UP_MS = 64 * T1_MS;
/** No call of a storm rings longer. */
const LONGEST_RING_MS = 60_000;

/** How a request of ours ended. */
export interface RequestEnd {
  /** null: nothing came within 64*T1. */
  readonly final: SipMessage | null;
  /** First sending → final response, or the end of patience (ms). */
  readonly tookMs: number;
  readonly transmissions: number;
}

/** A request that arrived, once however often it was repeated. */
export interface ArrivedRequest {
  readonly message: SipMessage;
  readonly from: PeerAddressOf;
  /** Answers it; a final answer to INVITE is repeated until its ACK. */
  readonly answer: (response: SipMessage) => void;
}

interface Client {
  readonly onResponse: (response: SipMessage) => void;
}

interface Server {
  response: SipMessage | null;
  from: PeerAddressOf;
  stopRepeating: () => void;
}

/** A user agent's transactions (RFC 3261 §17) over one UDP socket, for the storm: thousands of calls at once, nothing scripted. */
export class SipAgent {
  readonly #socket: Socket;
  readonly #pool: PoolAddresses;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();
  readonly #inviteWentTo = new Map<string, PeerAddressOf>();
  readonly #repeats = new Map<string, () => void>();
  #serial = 0;
  /** A request out of or in a dialog; ACK included, which nobody answers. */
  onRequest: (request: ArrivedRequest) => void = () => undefined;
  /** A 2xx to INVITE that came again, or from another fork: it wants its ACK. */
  onStray: (response: SipMessage) => void = () => undefined;

  private constructor(socket: Socket, pool: PoolAddresses) {
    this.#socket = socket;
    this.#pool = pool;
    socket.on("message", (datagram, from) => this.#take(datagram, { address: from.address, port: from.port }));
    // A dead edge's closed port: what is repeated goes elsewhere.
    socket.on("error", () => undefined);
  }

  static async open(pool: PoolAddresses, port = 0): Promise<SipAgent> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return new SipAgent(socket, pool);
  }

  get hostport(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** A fresh Via of this agent. */
  via(): string {
    this.#serial += 1;
    return `SIP/2.0/UDP ${this.hostport};branch=z9hG4bKs${this.port}x${this.#serial};rport`;
  }

  /** Sends a request until it is answered. `onProvisional` sees what comes before the final response. */
  request(message: SipMessage, onProvisional: (response: SipMessage) => void = () => undefined): Promise<RequestEnd> {
    const key = `${branchOf(message)} ${message.method}`;
    const startMs = Date.now();
    const invite = message.method === "INVITE";
    let transmissions = 0;
    let last: PeerAddressOf | null = null;
    // RFC 3261 §9.1: a CANCEL goes where its INVITE went.
    const cancelled = message.method === "CANCEL" ? this.#inviteWentTo.get(branchOf(message)) : undefined;
    const transmit = (): void => {
      last = cancelled ?? this.#pool.next(message.uri, transmissions === 0 ? null : last);
      transmissions += 1;
      if (invite) this.#inviteWentTo.set(branchOf(message), last);
      this.#send(message, last);
    };
    return new Promise((resolve) => {
      const repeat = this.#repeat(transmit, invite ? Infinity : T2_MS);
      let giveUp = setTimeout(() => end(null), GIVE_UP_MS);
      const end = (final: SipMessage | null): void => {
        repeat.stop();
        clearTimeout(giveUp);
        this.#clients.delete(key);
        // Long enough for the ACK.
        setTimeout(() => this.#inviteWentTo.delete(branchOf(message)), T1_MS).unref();
        resolve({ final, tookMs: Date.now() - startMs, transmissions });
      };
      this.#clients.set(key, {
        onResponse: (response) => {
          if (response.status >= 200) return end(response);
          // RFC 3261 §17.1.1.2: an INVITE that is being worked on is not repeated, and may ring for long.
          if (invite) {
            repeat.stop();
            clearTimeout(giveUp);
            giveUp = setTimeout(() => end(null), LONGEST_RING_MS);
          }
          onProvisional(response);
        },
      });
      transmit();
    });
  }

  /** Sends an ACK: that of a failure goes where its INVITE went (RFC 3261 §17.1.1.3). */
  acknowledge(message: SipMessage): void {
    this.#send(message, this.#inviteWentTo.get(branchOf(message)) ?? this.#pool.next(message.uri, null));
  }

  async close(): Promise<void> {
    for (const stop of this.#repeats.values()) stop();
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #send(message: SipMessage, to: PeerAddressOf): void {
    this.#socket.send(Buffer.from(formatMessage(message), "latin1"), to.port, to.address);
  }

  /** Calls `act` after T1, 2*T1 … (at most every `mostMs`) until stopped or 64*T1 are over. */
  #repeat(act: () => void, mostMs: number): { readonly stop: () => void } {
    const key = String((this.#serial += 1));
    const untilMs = Date.now() + GIVE_UP_MS;
    let waitMs = T1_MS;
    let timer = setTimeout(fire, waitMs);
    const stop = (): void => {
      clearTimeout(timer);
      this.#repeats.delete(key);
    };
    const again = (): void => {
      if (Date.now() >= untilMs) return stop();
      act();
      waitMs = Math.min(waitMs * 2, mostMs);
      timer = setTimeout(fire, waitMs);
    };
    function fire(): void {
      again();
    }
    this.#repeats.set(key, stop);
    return { stop };
  }

  #take(datagram: Buffer, from: PeerAddressOf): void {
    const parsed = parseMessage(latin1Text(datagram));
    if (!parsed.ok) return;
    this.#pool.heard(from.address);
    if (parsed.value.kind === "response") this.#takeResponse(parsed.value);
    else this.#takeRequest(parsed.value, from);
  }

  #takeResponse(response: SipMessage): void {
    const client = this.#clients.get(`${branchOf(response)} ${response.method}`);
    if (client !== undefined) client.onResponse(response);
    else if (response.method === "INVITE" && response.status >= 200) this.onStray(response);
  }

  #takeRequest(message: SipMessage, from: PeerAddressOf): void {
    if (message.method === "ACK") {
      this.#servers.get(inviteKey(message))?.stopRepeating();
      return this.onRequest({ message, from, answer: () => undefined });
    }
    const key = transactionKey(message);
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.from = from;
      if (known.response !== null) this.#send(known.response, from);
      return;
    }
    const server: Server = { response: null, from, stopRepeating: () => undefined };
    this.#servers.set(key, server);
    if (message.method === "INVITE") this.#servers.set(inviteKey(message), server);
    setTimeout(() => this.#servers.delete(key), 2 * GIVE_UP_MS).unref();
    this.onRequest({ message, from, answer: (response) => this.#answer(server, message, response) });
  }

  #answer(server: Server, request: SipMessage, response: SipMessage): void {
    server.response = response;
    this.#send(response, server.from);
    if (request.method !== "INVITE" || response.status < 200) return;
    server.stopRepeating = this.#repeat(() => this.#send(response, server.from), T2_MS).stop;
  }
}

function branchOf(message: SipMessage): string {
  return topVia(message)?.branch ?? "";
}

function transactionKey(message: SipMessage): string {
  const via = topVia(message);
  return `${message.method} ${via?.branch ?? ""} ${via?.host ?? ""}:${via?.port ?? ""}`;
}

/** What INVITE and its ACK have in common, whoever sends the ACK. */
function inviteKey(message: SipMessage): string {
  const from = message.get("From") ?? "";
  const number = (message.get("CSeq") ?? "").split(" ")[0] ?? "";
  return `ACK ${message.get("Call-ID") ?? ""} ${number} ${from.slice(from.indexOf(";tag="))}`;
}
