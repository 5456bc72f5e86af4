import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { BoundListener, EndpointLimits, Transport } from "../config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { LimitedLog } from "../metrics/limited-log.ts";
import { familyOf, type Target } from "../next-hop/target.ts";
import type { Clock } from "../timers/clock.ts";
import type { TimerWheel } from "../timers/timer-wheel.ts";
import { StreamConnection, type ConnectionOwner } from "./stream-connection.ts";
import type { FramingFailure } from "./stream-framer.ts";
import { coversHost, peerIdentities } from "./tls-identity.ts";
import { traced, type Tracer } from "./trace.ts";
import { serverNameCheck, type TlsMaterial } from "./tls-material.ts";

/** What a listener lends to the connections opened for it. */
export interface StreamSide {
  readonly bound: BoundListener;
  readonly transport: Exclude<Transport, "udp">;
  readonly tls: TlsMaterial | undefined;
}

/** Who gets what arrives. */
interface StreamReceiver {
  onStreamMessage(connection: StreamConnection, text: string): void;
  /** The last bytes of a connection that makes no sense: a message whose head was readable. Answer it if possible. */
  onUnframed(connection: StreamConnection, failure: FramingFailure, head: string): void;
}

export interface ConnectionTableParts {
  readonly limits: EndpointLimits;
  readonly counters: Counters;
  readonly log: LimitedLog;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly receiver: StreamReceiver;
  readonly trace?: Tracer;
}

const SWEEP_MS = 1_000;
const LINGER_MS = 5_000;

/**
 * All stream connections by the peer they lead to, whoever opened them (RFC 3261 §18, RFC 5923). One is found by its own remote
 * address and port, and by the port that the peer listens on once it said `alias`.
 */
export class ConnectionTable implements ConnectionOwner {
  readonly open: Record<"tcp" | "tls", number> = { tcp: 0, tls: 0 };
  private readonly parts: ConnectionTableParts;
  private readonly all = new Set<StreamConnection>();
  private readonly byPeer = new Map<string, StreamConnection>();
  private readonly stopSweeping: () => void;
  /** Monotonic time of the last sweep: exact enough for idleness, and free. */
  private now: number;

  constructor(parts: ConnectionTableParts) {
    this.parts = parts;
    this.now = parts.clock.monotonic();
    this.stopSweeping = parts.clock.every(SWEEP_MS, () => this.sweep());
  }

  get size(): number {
    return this.all.size;
  }

  /** A connection that serves the target is open or being made. */
  has(side: StreamSide, target: Target): boolean {
    const known = this.byPeer.get(keyOf(side.transport, side.bound, target));
    return known?.usable === true && mayReuse(known, side, target);
  }

  /** The connection to use for a target, made if there is none. It may still be connecting, or fail. */
  to(side: StreamSide, target: Target, connectTimeoutMs = this.parts.limits.connectTimeoutMs): StreamConnection {
    const known = this.byPeer.get(keyOf(side.transport, side.bound, target));
    if (known?.usable === true && mayReuse(known, side, target)) return known;
    return this.connect(side, target, connectTimeoutMs);
  }

  /** Takes over a connection that a peer opened. */
  adopt(side: StreamSide, socket: Socket): StreamConnection {
    const address = unmapped(socket.remoteAddress ?? "");
    const connection = this.add(socket, side, {
      incoming: true,
      address,
      port: socket.remotePort ?? 0,
      openedFor: undefined,
    });
    this.parts.counters.connectionsIncoming++;
    this.opened(connection, socket);
    return connection;
  }

  /**
   * The peer said in Via that it takes requests on this connection as if they came to its sent-by port (RFC 5923 §8). Believed for
   * TLS when its certificate was verified (names are compared when the connection is used), for TCP when the sent-by is the very address
   * it connects from.
   */
  alias(connection: StreamConnection, sentByHost: string, sentByPort: number): void {
    const trusted =
      connection.transport === "tls" ? connection.identities.length > 0 : sentByHost === connection.address;
    if (!trusted || !connection.incoming) return;
    const key = keyOf(connection.transport, connection.listener, { address: connection.address, port: sentByPort });
    if (this.byPeer.get(key)?.usable !== true) this.index(key, connection);
  }

  /** Notes traffic on a connection. */
  touch(connection: StreamConnection): void {
    connection.lastActiveAt = Math.max(this.now, connection.openedAt + 1);
  }

  /** Closes everything: politely, and by force for those that do not go. */
  async close(): Promise<void> {
    this.stopSweeping();
    const waiting = [...this.all].map((connection) => this.closeOne(connection));
    await Promise.all(waiting);
  }

  onStreamMessage(connection: StreamConnection, text: string): void {
    this.touch(connection);
    connection.partialSince = 0;
    this.parts.trace?.(traced("received", text, connection, this.parts.clock));
    this.parts.receiver.onStreamMessage(connection, text);
  }

  onStreamPing(connection: StreamConnection): void {
    this.touch(connection);
    this.parts.counters.keepAlives++;
    connection.send("\r\n");
  }

  onStreamFailure(connection: StreamConnection, failure: FramingFailure, head: string | undefined): void {
    const oversize = failure === "head-too-large" || failure === "message-too-large";
    this.parts.counters.discarded[oversize ? "oversize" : "stream-garbage"]++;
    this.warn(connection, failure, "stream cannot be read, connection closed");
    if (head === undefined) return connection.destroy(failure);
    this.parts.receiver.onUnframed(connection, failure, head);
    connection.end();
  }

  onStreamClosed(connection: StreamConnection, error: string): void {
    this.all.delete(connection);
    this.open[connection.transport]--;
    for (const key of connection.keys) if (this.byPeer.get(key) === connection) this.byPeer.delete(key);
    if (error === "slow-reader") this.parts.counters.discarded["slow-reader"]++;
    if (connection.openedAt === 0) this.warn(connection, error, "connection could not be made");
    else if (error !== "closed" && error !== "ECONNRESET") this.warn(connection, error, "connection lost");
  }

  private connect(side: StreamSide, target: Target, timeoutMs: number): StreamConnection {
    const socket = openSocket(side, target);
    const { address, port, host } = target;
    const connection = this.add(socket, side, { incoming: false, address, port, openedFor: host });
    this.parts.counters.connectionsOutgoing++;
    const timer = this.parts.wheel.schedule(
      timeoutMs,
      { onTimer: () => connection.state === "connecting" && connection.destroy("ETIMEDOUT") },
      "connect",
    );
    socket.once("connect", () => (connection.reached = true));
    socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
      timer.cancel();
      this.opened(connection, socket);
    });
    socket.once("close", () => timer.cancel());
    return connection;
  }

  private add(
    socket: Socket,
    side: StreamSide,
    peer: Pick<StreamConnection, "incoming" | "address" | "port" | "openedFor">,
  ): StreamConnection {
    const { limits, trace, clock } = this.parts;
    const connection: StreamConnection = new StreamConnection(socket, this, {
      ...peer,
      transport: side.transport,
      listener: side.bound,
      maxMessageBytes: limits.messageBytes,
      maxQueuedBytes: limits.sendQueueBytes,
      ...(trace !== undefined && { onSend: (text: string) => trace(traced("sent", text, connection, clock)) }),
    });
    this.all.add(connection);
    this.open[side.transport]++;
    this.index(keyOf(side.transport, side.bound, connection), connection);
    return connection;
  }

  private index(key: string, connection: StreamConnection): void {
    this.byPeer.set(key, connection);
    connection.keys.add(key);
  }

  private opened(connection: StreamConnection, socket: Socket): void {
    connection.opened(socket instanceof TLSSocket ? peerIdentities(socket) : [], this.parts.clock.monotonic());
  }

  private sweep(): void {
    this.now = this.parts.clock.monotonic();
    for (const connection of this.all) if (connection.state === "open") this.check(connection);
  }

  private check(connection: StreamConnection): void {
    const { partialMessageMs, firstMessageMs, idleMs } = this.parts.limits;
    if (!connection.usable) {
      // We ended it; a peer that never ends its side is cut off.
      if (connection.endedAt === 0) connection.endedAt = this.now;
      else if (this.now - connection.endedAt >= LINGER_MS) connection.destroy("closed");
      return;
    }
    if (!connection.hasPartialMessage) connection.partialSince = 0;
    else if (connection.partialSince === 0) connection.partialSince = this.now;
    else if (this.now - connection.partialSince >= partialMessageMs) return this.giveUp(connection, "partial message");
    const silence = this.now - connection.lastActiveAt;
    const unused = connection.lastActiveAt === connection.openedAt;
    if (unused && connection.incoming && silence >= firstMessageMs) return this.giveUp(connection, "no message");
    if (silence >= idleMs && !connection.watched) connection.end();
  }

  private giveUp(connection: StreamConnection, reason: string): void {
    this.parts.counters.discarded["stream-timeout"]++;
    this.warn(connection, reason, "peer too slow, connection closed");
    connection.destroy("timeout");
  }

  private warn(connection: StreamConnection, reason: string, message: string): void {
    const { transport, address, port, listener } = connection;
    this.parts.log.warn({ transport, address, port, listener: listener.name, reason }, message);
  }

  private closeOne(connection: StreamConnection): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.watch({ onConnectionLost: () => resolve() });
    connection.end();
    // A peer that does not close its side is not waited for.
    this.parts.wheel.schedule(
      this.parts.limits.connectTimeoutMs,
      { onTimer: () => connection.destroy("closed") },
      "close",
    );
    if (connection.state !== "open") connection.destroy("closed");
    return promise;
  }
}

function openSocket(side: StreamSide, target: Target): Socket {
  const local = side.bound.address;
  const wildcard = local === "0.0.0.0" || local === "::";
  const where = { host: target.address, port: target.port, ...(wildcard ? {} : { localAddress: local }) };
  if (side.tls === undefined) return connectTcp(where);
  return connectTls({
    ...where,
    secureContext: side.tls.context,
    rejectUnauthorized: side.tls.verifyServers,
    // RFC 6066 §3: no address literals in SNI.
    servername: familyOf(target.host) === undefined ? target.host : "",
    checkServerIdentity: (_name, certificate) =>
      side.tls === undefined ? undefined : serverNameCheck(side.tls)(target.host, certificate),
  });
}

/** RFC 5923 §8.2: a TLS connection is for the names its certificate proved (or is about to prove), and for no other at that address. */
function mayReuse(connection: StreamConnection, side: StreamSide, target: Target): boolean {
  if (target.flow === true) return connection.incoming && connection.port === target.port;
  if (side.tls === undefined || !side.tls.verifyServers || connection.openedFor === target.host) return true;
  return coversHost(connection.identities, target.host, side.tls.wildcardNames);
}

function keyOf(
  transport: Transport,
  listener: BoundListener,
  peer: { readonly address: string; readonly port: number },
): string {
  return `${transport} ${listener.name} ${peer.address} ${peer.port}`;
}

/** IPv4 addresses on an IPv6 socket. */
function unmapped(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
