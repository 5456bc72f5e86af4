import type { BoundListener, Transport } from "../config.ts";
import type { DatagramSocket } from "./datagram-network.ts";
import type { Loss, StreamConnection } from "./stream-connection.ts";

/** Who sends through an outlet and must know when that fails. */
export interface OutletUser {
  /** What was sent did not get out, or the connection it waits on for an answer is lost. May come several times. */
  onTransportError(loss: Loss): void;
}

/** A way to one peer. */
export interface Outlet {
  readonly transport: Transport;
  /** The peer's. */
  readonly address: string;
  readonly port: number;
  readonly listener: BoundListener;
  readonly localAddress: string;
  readonly localPort: number;
  /** Sends a message, latin1. Failures come to the user later, never from within. */
  send(text: string): void;
  /** The user wants to hear of no more failures. */
  release(): void;
}

/** Datagrams from a UDP listener to one address. */
export class DatagramOutlet implements Outlet {
  readonly transport = "udp";
  readonly address: string;
  readonly port: number;
  readonly listener: BoundListener;
  private readonly socket: DatagramSocket;
  private user: OutletUser | undefined;

  constructor(
    local: { readonly socket: DatagramSocket; readonly bound: BoundListener },
    peer: { readonly address: string; readonly port: number },
    user: OutletUser,
  ) {
    this.socket = local.socket;
    this.listener = local.bound;
    this.address = peer.address;
    this.port = peer.port;
    this.user = user;
  }

  get localAddress(): string {
    return this.listener.address;
  }

  get localPort(): number {
    return this.listener.port;
  }

  send(text: string): void {
    this.socket.send(text, this, this.failed);
  }

  release(): void {
    this.user = undefined;
  }

  private readonly failed = (): void => {
    this.user?.onTransportError("transport");
  };
}

/** Messages on a TCP or TLS connection. */
export class StreamOutlet implements Outlet {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly listener: BoundListener;
  private readonly connection: StreamConnection;
  private user: OutletUser | undefined;

  constructor(connection: StreamConnection, user: OutletUser) {
    this.connection = connection;
    this.transport = connection.transport;
    this.address = connection.address;
    this.port = connection.port;
    this.listener = connection.listener;
    this.user = user;
    connection.watch(this);
  }

  get localAddress(): string {
    return this.connection.localAddress;
  }

  get localPort(): number {
    return this.connection.localPort;
  }

  send(text: string): void {
    // A lost connection reported itself already, or is about to.
    this.connection.send(text);
  }

  release(): void {
    this.user = undefined;
    this.connection.unwatch(this);
  }

  onConnectionLost(loss: Loss): void {
    this.user?.onTransportError(loss);
  }
}
