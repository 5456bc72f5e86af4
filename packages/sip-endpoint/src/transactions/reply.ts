import type { Via } from "@tandem/sip";
import type { BoundListener, Transport } from "../config.ts";
import { detached } from "../messages/detached.ts";
import { hostOf, replyAddress } from "../messages/via-lines.ts";
import type { Target } from "../next-hop/target.ts";
import type { Arrival } from "../transport/arrival.ts";
import { DatagramOutlet, type Outlet, type OutletUser } from "../transport/outlet.ts";
import type { Transports } from "../transport/transports.ts";

/** The way back to where a request came from (RFC 3261 §18.2.2). Undefined: its listener cannot send. */
export function replyOutlet(transports: Transports, arrival: Arrival, via: Via, user: OutletUser): Outlet | undefined {
  if (arrival.connection !== undefined) return new StreamReply(transports, arrival, via, user);
  const port = transports.portOf(arrival);
  return port?.transport === "udp" ? new DatagramOutlet(port, replyAddress(via, arrival), user) : undefined;
}

/** The connection the request came on while it lasts, then a new one to the address in Via. */
class StreamReply implements Outlet {
  readonly listener: BoundListener;
  readonly transport: Transport;
  private readonly transports: Transports;
  private readonly arrival: Arrival;
  /** Where the peer listens. */
  private readonly target: Target;
  private readonly user: OutletUser;
  private instead: Outlet | undefined = undefined;

  constructor(transports: Transports, arrival: Arrival, via: Via, user: OutletUser) {
    this.transports = transports;
    this.arrival = arrival;
    this.target = { ...replyAddress(via, arrival), transport: arrival.transport, host: detached(hostOf(via)) };
    this.user = user;
    this.listener = arrival.listener;
    this.transport = arrival.transport;
  }

  get address(): string {
    return this.arrival.address;
  }

  get port(): number {
    return this.instead?.port ?? this.arrival.port;
  }

  get localAddress(): string {
    return this.arrival.localAddress;
  }

  get localPort(): number {
    return this.instead?.localPort ?? this.arrival.localPort;
  }

  send(text: string): void {
    const { connection } = this.arrival;
    if (connection?.usable === true) {
      connection.send(text);
      return;
    }
    this.reconnect()?.send(text);
  }

  release(): void {
    this.instead?.release();
  }

  private reconnect(): Outlet | undefined {
    this.instead?.release();
    const port = this.transports.portOf(this.arrival);
    if (port === undefined) return undefined;
    this.instead = this.transports.outlet(port, this.target, this.user);
    return this.instead;
  }
}
