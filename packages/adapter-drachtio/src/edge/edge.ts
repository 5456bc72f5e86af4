import { formatSocketAddress, systemClock, type Logger, type SocketAddress } from "@tandem/runtime";
import { createEndpoint, type Endpoint, type TracedMessage } from "@tandem/sip-endpoint";
import type { LocalEdge } from "../edge-access.ts";
import { createDrachtioServer, type DrachtioServer } from "../server/index.ts";
import { edgeSnapshot } from "./edge-snapshot.ts";
import { toEndpointListener } from "./endpoint-listener.ts";
import type { ConfiguredListener } from "./listener-schema.ts";
import type { MessageCapture } from "./message-capture.ts";
import { RenewedCertificates } from "./renewed-certificates.ts";

/** What one edge needs to know. */
export interface EdgeOptions {
  /** Unique id. */
  readonly nodeId: string;
  readonly pool: string;
  readonly listeners: readonly ConfiguredListener[];
  /** Where workers connect. */
  readonly admin: SocketAddress;
  /** Shared with the workers. */
  readonly secret: string;
  /** Sees every SIP message that goes over a socket, both ways. Absent: nothing is spent on it. */
  readonly capture?: MessageCapture;
}

/** A running edge: a SIP endpoint with the drachtio protocol in front. */
export interface Edge {
  /** For a worker in this process. */
  readonly local: LocalEdge;
  /** Bound addresses, for the ready line. */
  readonly addresses: EdgeAddresses;
  /** What keeps it from serving, one short sentence each. */
  readonly unready: () => readonly string[];
  /**
   * What keeps its SIP sockets from being served, in the same words. A drain does not: whoever still sends here is served until it ends, so that balancers and
   * nodes pass on what comes while they learn of it.
   */
  readonly unserved: () => readonly string[];
  /** What it counts, for metrics. */
  readonly snapshot: () => ReturnType<typeof edgeSnapshot>;
  /**
   * Resolves when nothing is under way any more and no 2xx lacks its ACK, not before `lingerMs` (default 0). OPTIONS are answered 503 meanwhile, so that peers turn elsewhere; new
   * requests of every other kind are still served. The caller bounds it.
   */
  drain(lingerMs?: number): Promise<void>;
  /** An emergency call is being set up through it, which `stop` would cut off: its workers say so. */
  readonly holds: () => boolean;
  stop(): Promise<void>;
}

export interface EdgeAddresses {
  readonly admin: string;
  readonly listeners: readonly { readonly name: string; readonly transport: string; readonly address: string }[];
}

/** An edge is idle when nothing was under way for this long. */
const QUIET_MS = 2_000;
const QUIET_CHECK_MS = 100;
/** Time for final answers to leave when the process stops. */
const STOP_GRACE_MS = 500;

/**
 * Binds the SIP listeners and the port for workers.
 * @throws (rejects with) an error whose message is one sentence, when a file or a port cannot be had
 */
export async function startEdge(config: EdgeOptions, logger: Logger): Promise<Edge> {
  const server = createDrachtioServer({
    edge: config.nodeId,
    pool: config.pool,
    listeners: config.listeners.map(({ name, transport, port }) => `${name}:${transport}:${port}`),
    secret: config.secret,
    onSession: ({ session, change }) => {
      if (change === "ready") logger.info({ session }, "worker connected");
      else logger.warn({ session, reason: change }, "worker lost");
    },
  });
  const listeners = await Promise.all(config.listeners.map(toEndpointListener));
  const { capture } = config;
  const trace = capture === undefined ? {} : { trace: (message: TracedMessage) => capture.take(message) };
  const endpoint = await createEndpoint({ listeners, measureWait: true, log: logger, ...trace }, server.events);
  if (!endpoint.ok) {
    const { listener, reason, detail } = endpoint.error;
    throw new Error(`Listener ${listener} cannot be opened (${reason}: ${detail}).`);
  }
  try {
    const admin = await server.serve(endpoint.value, config.admin);
    const certificates = new RenewedCertificates(config.listeners, listeners, {
      endpoint: endpoint.value,
      log: logger,
    });
    return runningEdge({ endpoint: endpoint.value, server, certificates, capture }, formatSocketAddress(admin));
  } catch (error) {
    await endpoint.value.close();
    throw new Error("The port for workers (TANDEM_ADMIN) cannot be opened.", { cause: error });
  }
}

interface EdgeParts {
  readonly endpoint: Endpoint;
  readonly server: DrachtioServer;
  readonly certificates: RenewedCertificates;
  readonly capture: MessageCapture | undefined;
}

function runningEdge(parts: EdgeParts, admin: string): Edge {
  const { endpoint, server, certificates, capture } = parts;
  const stopRenewing = certificates.start();
  let draining = false;
  let closing = false;
  const lonely = (): readonly string[] => (server.stats().applications === 0 ? ["no worker is connected"] : []);
  return {
    local: server,
    addresses: {
      admin,
      listeners: endpoint.listeners.map(({ name, transport, address, port }) => ({
        name,
        transport,
        address: formatSocketAddress({ host: address, port }),
      })),
    },
    unready: () => [...(draining ? ["draining"] : []), ...lonely()],
    unserved: () => (closing ? ["its sockets close"] : lonely()),
    snapshot: () => edgeSnapshot({ endpoint, server, draining, certificateEnds: certificates.ends, capture }),
    drain: (lingerMs = 0) => {
      draining = true;
      server.drain();
      return untilQuiet(server, lingerMs);
    },
    holds: () => server.stats().held > 0,
    stop: async () => {
      closing = true;
      stopRenewing();
      await server.close();
      await endpoint.close({ graceMs: STOP_GRACE_MS });
    },
  };
}

/** Resolves once nothing was under way for a while, `lingerMs` from now at the earliest. */
function untilQuiet(server: DrachtioServer, lingerMs: number): Promise<void> {
  return new Promise((resolve) => {
    const earliestMs = systemClock.now() + lingerMs;
    let quietSinceMs = systemClock.now();
    const check = (): void => {
      const nowMs = systemClock.now();
      if (isBusy(server)) quietSinceMs = nowMs;
      if (nowMs >= earliestMs && nowMs - quietSinceMs >= QUIET_MS) return resolve();
      systemClock.after(QUIET_CHECK_MS, check);
    };
    check();
  });
}

/** A 2xx must be repeated until its ACK comes (RFC 3261 §13.3.1.4): a caller who has heard it ring would never learn that it was answered. */
function isBusy(server: DrachtioServer): boolean {
  const { waiting, unacknowledged } = server.stats();
  return waiting.incoming + waiting.outgoing + waiting.proxied + unacknowledged > 0;
}
