import type { BoundListener, Transport } from "../config.ts";
import type { PeerSource } from "../endpoint.ts";
import type { StreamConnection } from "./stream-connection.ts";

/** Where a message came from, with the way back. */
export class Arrival implements PeerSource {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly listener: BoundListener;
  /** The connection it came on; undefined for UDP. */
  readonly connection: StreamConnection | undefined;

  constructor(
    listener: BoundListener,
    peer: { readonly transport: Transport; readonly address: string; readonly port: number },
    connection?: StreamConnection,
  ) {
    this.listener = listener;
    this.transport = peer.transport;
    this.address = peer.address;
    this.port = peer.port;
    this.connection = connection;
  }

  get localAddress(): string {
    return this.connection?.localAddress ?? this.listener.address;
  }

  get localPort(): number {
    return this.connection?.localPort ?? this.listener.port;
  }

  get identities(): readonly string[] {
    return this.connection?.identities ?? [];
  }
}
