import type {
  BoundListener,
  EndpointConfig,
  EndpointLimits,
  LargeRequestPolicy,
  ListenerTls,
  Transport,
} from "../config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { LimitedLog } from "../metrics/limited-log.ts";
import { familyOf, type Path, type Target } from "../next-hop/target.ts";
import type { Clock } from "../timers/clock.ts";
import type { TimerWheel } from "../timers/timer-wheel.ts";
import { Arrival } from "./arrival.ts";
import { ConnectionTable, type StreamSide } from "./connection-table.ts";
import type { DatagramSocket } from "./datagram-network.ts";
import { DatagramOutlet, StreamOutlet, type Outlet, type OutletUser } from "./outlet.ts";
import { ReceiveWait } from "./receive-wait.ts";
import type { StreamConnection } from "./stream-connection.ts";
import type { FramingFailure } from "./stream-framer.ts";
import type { StreamListener } from "./stream-listener.ts";
import { harmless } from "./trace.ts";

/** Who gets what arrives at any listener. */
export interface TransportReceiver {
  onDatagram(bytes: Buffer, arrival: Arrival): void;
  onStreamMessage(text: string, arrival: Arrival): void;
  /** The head of a message that cannot be cut out of its stream; the connection ends after the answer, if any. */
  onUnframed(head: string, arrival: Arrival, failure: FramingFailure): void;
}

/** A bound UDP listener. */
export interface DatagramPort {
  readonly transport: "udp";
  readonly bound: BoundListener;
  readonly socket: DatagramSocket;
}

/** A local place to send from. */
export type LocalPort = DatagramPort | StreamSide;

export interface TransportsParts {
  readonly config: EndpointConfig;
  readonly limits: EndpointLimits;
  readonly counters: Counters;
  readonly log: LimitedLog;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly receiver: TransportReceiver;
}

/** How long a TCP connection that only the size of a request asks for may take: UDP is still there. */
const UPGRADE_CONNECT_MS = 1_000;

/** All listeners and connections of an endpoint. Filled by `openTransports`. */
export class Transports {
  readonly table: ConnectionTable;
  readonly receiveWait = new ReceiveWait();
  /** In configuration order. */
  readonly ports: LocalPort[] = [];
  private readonly datagramPorts: DatagramPort[] = [];
  private readonly streamListeners: StreamListener[] = [];
  private readonly receiver: TransportReceiver;
  private readonly largeRequests: LargeRequestPolicy;
  private readonly pathsByListener = new Map<string | null, readonly Path[]>();
  private readonly arrivals = new WeakMap<StreamConnection, Arrival>();

  constructor(parts: TransportsParts) {
    this.receiver = parts.receiver;
    this.largeRequests = parts.config.largeRequests ?? "ephemeral";
    const { trace } = parts.config;
    const traced = trace !== undefined && { trace: harmless(trace, parts.log) };
    this.table = new ConnectionTable({ ...parts, receiver: this, ...traced });
  }

  addDatagramPort(port: DatagramPort): void {
    this.ports.push(port);
    this.datagramPorts.push(port);
  }

  addStreamListener(listener: StreamListener): void {
    this.ports.push(listener);
    this.streamListeners.push(listener);
  }

  /**
   * What can be sent from a listener, or from any (null). A peer of a UDP listener may ask for TCP (`transport=tcp` in its Contact, as one does that took
   * a large INVITE over TCP): then that is a path, too.
   */
  paths(listener: string | null, asked?: string): readonly Path[] {
    const own = this.ownPaths(listener);
    if (asked !== "tcp" || own.some(({ transport }) => transport === "tcp")) return own;
    const instead = this.datagramPorts.filter((port) => isNamed(port, listener) && this.streamInstead(port));
    return [...own, ...instead.map((port): Path => ({ transport: "tcp", family: familyOf(port.bound.address) ?? 4 }))];
  }

  private ownPaths(listener: string | null): readonly Path[] {
    let paths = this.pathsByListener.get(listener);
    if (paths === undefined) {
      const ports = this.ports.filter((port) => isNamed(port, listener));
      paths = ports.map((port) => ({ transport: port.transport, family: familyOf(port.bound.address) ?? 4 }));
      // Names of listeners that do not exist are the user's mistake, and must not fill the memory.
      if (paths.length > 0) this.pathsByListener.set(listener, paths);
    }
    return paths;
  }

  /** The listener to reach a target from; for TCP, what stands in for one that has only UDP. */
  portFor(listener: string | null, target: Target): LocalPort | undefined {
    const reaches = (port: LocalPort): boolean =>
      isNamed(port, listener) && familyOf(port.bound.address) === familyOf(target.address);
    const port = this.ports.find((each) => each.transport === target.transport && reaches(each));
    if (port !== undefined || target.transport !== "tcp") return port;
    const datagrams = this.datagramPorts.find(reaches);
    return datagrams && this.streamInstead(datagrams);
  }

  /** True while a connection leads to the target already. */
  isConnected(listener: string | null, target: Target): boolean {
    const port = this.portFor(listener, target);
    return port !== undefined && port.transport !== "udp" && this.table.has(port, target);
  }

  /**
   * Where a request that is too large for UDP (RFC 3261 §18.1.1), or for a peer that asks for TCP, may be sent from instead; undefined: nowhere. The TCP
   * listener of the same port first: what the peer sends on that connection is then from the same trunk.
   */
  streamInstead(port: DatagramPort): StreamSide | undefined {
    if (this.largeRequests === "udp") return undefined;
    const { address, port: number } = port.bound;
    const beside = this.streamListeners.filter((each) => each.transport === "tcp" && each.bound.address === address);
    const listener = beside.find(({ bound }) => bound.port === number) ?? beside[0];
    if (listener !== undefined) return listener;
    return this.largeRequests === "ephemeral" ? { bound: port.bound, transport: "tcp", tls: undefined } : undefined;
  }

  /** A way to a target; over TCP or TLS an existing connection if there is one. */
  outlet(port: LocalPort, target: Target, user: OutletUser): Outlet {
    if (port.transport === "udp") return new DatagramOutlet(port, target, user);
    const upgraded = target.upgraded === true && port.bound.transport === "udp";
    return new StreamOutlet(this.table.to(port, target, upgraded ? UPGRADE_CONNECT_MS : undefined), user);
  }

  /** The port an arrival came to, to open the way back from. */
  portOf(arrival: Arrival): LocalPort | undefined {
    const { transport, listener } = arrival;
    const port = this.ports.find((each) => each.bound.name === listener.name && each.transport === transport);
    if (port !== undefined || transport !== "tcp") return port;
    return { bound: listener, transport, tls: undefined };
  }

  /** True at the most connections: those in use, outgoing ones too, or those that came in, with handshakes that are not finished. */
  isFull(most: number): boolean {
    if (this.table.size >= most) return true;
    return this.streamListeners.reduce((held, listener) => held + listener.held, 0) >= most;
  }

  /** False: no TLS listener of that name. Throws what OpenSSL says when the material does not fit. */
  replaceTls(name: string, tls: ListenerTls): boolean {
    const listener = this.streamListeners.find((each) => each.bound.name === name && each.transport === "tls");
    listener?.replaceTls(tls);
    return listener !== undefined;
  }

  stopAccepting(): void {
    for (const listener of this.streamListeners) listener.stopListening();
  }

  async close(): Promise<void> {
    this.stopAccepting();
    await this.table.close();
    for (const listener of this.streamListeners) listener.destroySockets();
    await Promise.all(this.datagramPorts.map((port) => port.socket.close()));
  }

  onStreamMessage(connection: StreamConnection, text: string): void {
    this.receiver.onStreamMessage(text, this.arrivalOn(connection));
  }

  onUnframed(connection: StreamConnection, failure: FramingFailure, head: string): void {
    this.receiver.onUnframed(head, this.arrivalOn(connection), failure);
  }

  private arrivalOn(connection: StreamConnection): Arrival {
    let arrival = this.arrivals.get(connection);
    if (arrival === undefined) {
      arrival = new Arrival(connection.listener, connection, connection);
      this.arrivals.set(connection, arrival);
    }
    return arrival;
  }
}

function isNamed(port: LocalPort, listener: string | null): boolean {
  return listener === null || port.bound.name === listener;
}

/** RFC 3261 §18.1.1, §18.2.1: is that transport reliable? */
export function isReliable(transport: Transport): boolean {
  return transport !== "udp";
}
