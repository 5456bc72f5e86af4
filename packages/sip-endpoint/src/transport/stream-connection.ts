import type { Socket } from "node:net";
import type { BoundListener, Transport } from "../config.ts";
import { StreamFramer, type FrameReceiver, type FramingFailure } from "./stream-framer.ts";

/** What a connection tells its owner. */
export interface ConnectionOwner {
  onStreamMessage(connection: StreamConnection, text: string): void;
  onStreamPing(connection: StreamConnection): void;
  /** The bytes make no sense any more; the owner answers if it can, and ends the connection. */
  onStreamFailure(connection: StreamConnection, failure: FramingFailure, head: string | undefined): void;
  /** Once, when it is gone for whatever reason. `error` is the system's code or `closed`. */
  onStreamClosed(connection: StreamConnection, error: string): void;
}

/** Why something did not get out. `tls`: the peer is there, but its certificate is not to be believed, or it refused the handshake. */
export type Loss = "transport" | "tls";

/** Whoever must know that what it sent may not have arrived. */
export interface ConnectionWatcher {
  onConnectionLost(loss: Loss): void;
}

export interface ConnectionParts {
  readonly transport: Exclude<Transport, "udp">;
  readonly listener: BoundListener;
  readonly incoming: boolean;
  readonly address: string;
  readonly port: number;
  /** Host that an outgoing connection was opened for. */
  readonly openedFor: string | undefined;
  readonly maxMessageBytes: number;
  readonly maxQueuedBytes: number;
  /** Told of every message handed to the socket. */
  readonly onSend?: (text: string) => void;
}

/** A TCP or TLS connection that carries SIP messages both ways, whoever opened it (RFC 5923). */
export class StreamConnection implements FrameReceiver {
  readonly transport: Exclude<Transport, "udp">;
  readonly listener: BoundListener;
  readonly incoming: boolean;
  /** The peer's. */
  readonly address: string;
  readonly port: number;
  readonly openedFor: string | undefined;
  /** Under which the table has it. */
  readonly keys = new Set<string>();
  /** Verified names of the peer; known once open. */
  identities: readonly string[] = [];
  state: "connecting" | "open" | "closed" = "connecting";
  /** Monotonic times; 0: not (yet). */
  openedAt = 0;
  lastActiveAt = 0;
  partialSince = 0;
  endedAt = 0;
  /** TCP reached the peer; what is left is the TLS handshake. */
  reached = false;
  private readonly socket: Socket;
  private readonly owner: ConnectionOwner;
  private readonly framer: StreamFramer;
  private readonly maxQueuedBytes: number;
  private readonly onSend: ((text: string) => void) | undefined;
  private readonly watchers = new Set<ConnectionWatcher>();
  private corked = false;
  private error = "closed";

  constructor(socket: Socket, owner: ConnectionOwner, parts: ConnectionParts) {
    this.socket = socket;
    this.owner = owner;
    this.transport = parts.transport;
    this.listener = parts.listener;
    this.incoming = parts.incoming;
    this.address = parts.address;
    this.port = parts.port;
    this.openedFor = parts.openedFor;
    this.maxQueuedBytes = parts.maxQueuedBytes;
    this.onSend = parts.onSend;
    this.framer = new StreamFramer(this, parts.maxMessageBytes);
    socket.on("data", (chunk: Buffer) => this.framer.push(chunk));
    socket.on("error", (error) => this.noteError(error));
    // A peer that closes its half is done: SIP has no use for half-open connections.
    socket.on("end", () => this.end());
    socket.on("close", () => this.closed());
  }

  get localAddress(): string {
    return this.socket.localAddress ?? this.listener.address;
  }

  get localPort(): number {
    return this.socket.localPort ?? this.listener.port;
  }

  /** True while messages may be sent, be it that they wait for the connection to be made. */
  get usable(): boolean {
    return this.state !== "closed" && this.socket.writable;
  }

  get hasPartialMessage(): boolean {
    return this.framer.partial;
  }

  get watched(): boolean {
    return this.watchers.size > 0;
  }

  /** The connection is made (and, with TLS, the peer verified). */
  opened(identities: readonly string[], now: number): void {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.identities = identities;
    this.openedAt = now;
    this.lastActiveAt = now;
    this.socket.setNoDelay(true);
    this.socket.setKeepAlive(true, 30_000);
  }

  /** Sends latin1 text. What is sent in one turn goes out in one piece. False: the connection is gone, or given up because the peer does not read. */
  send(text: string): boolean {
    if (!this.usable) return false;
    if (this.socket.writableLength > this.maxQueuedBytes) {
      this.destroy("slow-reader");
      return false;
    }
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.corked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(text, "latin1");
    this.onSend?.(text);
    return true;
  }

  watch(watcher: ConnectionWatcher): void {
    this.watchers.add(watcher);
  }

  unwatch(watcher: ConnectionWatcher): void {
    this.watchers.delete(watcher);
  }

  /** Closes after what is queued was sent. */
  end(): void {
    if (this.socket.writable) this.socket.end();
  }

  /** Closes at once. */
  destroy(error: string): void {
    this.error = error;
    this.socket.destroy();
  }

  onMessage(text: string): void {
    // What is left of a chunk when an earlier message of it made us give up the connection.
    if (this.socket.destroyed) return;
    this.owner.onStreamMessage(this, text);
  }

  onPing(): void {
    this.owner.onStreamPing(this);
  }

  onFailure(failure: FramingFailure, head: string | undefined): void {
    this.owner.onStreamFailure(this, failure, head);
  }

  private noteError(error: Error): void {
    if (this.error !== "closed") return;
    this.error = "code" in error && typeof error.code === "string" ? error.code : error.name;
  }

  private closed(): void {
    if (this.state === "closed") return;
    const loss = this.loss();
    this.state = "closed";
    this.owner.onStreamClosed(this, this.error);
    const watchers = [...this.watchers];
    this.watchers.clear();
    for (const watcher of watchers) watcher.onConnectionLost(loss);
  }

  /** A peer that says nothing to the handshake may be no peer any more. One of TLS 1.3 can refuse our certificate only after the handshake, by an alert. */
  private loss(): Loss {
    if (this.transport !== "tls") return "transport";
    const isRefused = this.state === "connecting" && this.reached && this.error !== "ETIMEDOUT";
    return isRefused || this.error.startsWith("ERR_SSL_") ? "tls" : "transport";
  }
}
