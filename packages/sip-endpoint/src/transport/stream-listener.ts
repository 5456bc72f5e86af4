import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { BoundListener, ListenerConfig, ListenerTls, Transport } from "../config.ts";
import type { ConnectionTable, StreamSide } from "./connection-table.ts";
import { boundListener } from "./bound-listener.ts";
import { readTls, type TlsMaterial } from "./tls-material.ts";

/** What a stream listener reports besides connections. */
export interface StreamListenerEvents {
  /** True: too many connections, refuse this one. */
  isFull(): boolean;
  onRefused(listener: BoundListener, cause: "connection-limit" | "tls-handshake", detail: string): void;
}

const BACKLOG = 1_024;

/** A TCP or TLS port. Sockets belong to the connection table once they speak (TLS: once the handshake is done). */
export class StreamListener implements StreamSide {
  readonly transport: Exclude<Transport, "udp">;
  bound: BoundListener;
  tls: TlsMaterial | undefined;
  private readonly table: ConnectionTable;
  private readonly events: StreamListenerEvents;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  /** Throws what OpenSSL says when the TLS material does not fit. */
  constructor(config: ListenerConfig, table: ConnectionTable, events: StreamListenerEvents, handshakeMs: number) {
    this.transport = config.transport === "tls" ? "tls" : "tcp";
    this.tls = config.tls === undefined ? undefined : readTls(config.tls);
    this.table = table;
    this.events = events;
    this.bound = boundListener(config, config);
    this.server = this.tls === undefined ? createTcpServer() : this.createTls(this.tls, handshakeMs);
    this.server.on("connection", (socket: Socket) => this.admit(socket));
    if (this.tls === undefined) this.server.on("connection", (socket: Socket) => this.take(socket));
    else this.server.on("secureConnection", (socket: Socket) => this.take(socket));
  }

  /** Connections that came in and stand, with those whose handshake is not finished. */
  get held(): number {
    return this.sockets.size;
  }

  /** Rejects with the system's error. */
  async listen(config: ListenerConfig): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.server.once("error", reject);
    this.server.listen({ host: config.address, port: config.port, backlog: BACKLOG, ipv6Only: true }, resolve);
    await promise;
    this.server.off("error", reject);
    // Errors of accept (out of file descriptors) leave the listener as it is.
    this.server.on("error", (error) => this.events.onRefused(this.bound, "connection-limit", error.name));
    const address = this.server.address();
    if (address !== null && typeof address === "object") this.bound = boundListener(config, address);
  }

  /** New material for the handshakes from now on. Throws as the constructor does. */
  replaceTls(tls: ListenerTls): void {
    const material = readTls(tls);
    this.tls = material;
    if ("setSecureContext" in this.server) (this.server as TlsServer).setSecureContext(material.options);
  }

  /** Stops accepting. */
  stopListening(): void {
    this.server.close();
  }

  /** Drops connections that are not in the table yet: unfinished handshakes. */
  destroySockets(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private createTls(tls: TlsMaterial, handshakeMs: number): TlsServer {
    const server = createTlsServer({
      ...tls.options,
      requestCert: tls.mutual,
      rejectUnauthorized: tls.mutual,
      handshakeTimeout: handshakeMs,
    });
    server.on("tlsClientError", (error) => {
      this.events.onRefused(this.bound, "tls-handshake", "code" in error ? String(error.code) : error.name);
    });
    return server;
  }

  private admit(socket: Socket): void {
    if (this.events.isFull()) {
      this.events.onRefused(this.bound, "connection-limit", "too many connections");
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
  }

  private take(socket: Socket): void {
    if (!socket.destroyed) this.table.adopt(this, socket);
  }
}
