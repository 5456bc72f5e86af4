import type { SipMessage } from "@tandem/sip";
import type { BoundListener, ListenerTls } from "./config.ts";
import type {
  AdoptedArrival,
  AdoptedInvite,
  ClientTransaction,
  ClientTransactionEvents,
  Endpoint,
  OutgoingRequest,
  SendFailure,
  SendResult,
} from "./endpoint.ts";
import type { EndpointStats } from "./stats.ts";
import { Arrival } from "./transport/arrival.ts";
import type { ClientLayer } from "./transactions/client-layer.ts";
import type { TransactionContext } from "./transactions/context.ts";
import type { ServerLayer } from "./transactions/server-layer.ts";

const CLOSING: SendFailure = { reason: "closing", detail: "the endpoint is being closed" };

/** The layers of an endpoint behind its public face. */
export class SipEndpoint implements Endpoint {
  readonly listeners: readonly BoundListener[];
  private readonly context: TransactionContext;
  private readonly clients: ClientLayer;
  private readonly servers: ServerLayer;
  private closed: Promise<void> | undefined = undefined;
  private stopped = false;

  constructor(context: TransactionContext, clients: ClientLayer, servers: ServerLayer) {
    this.context = context;
    this.clients = clients;
    this.servers = servers;
    this.listeners = context.transports.ports.map((port) => port.bound);
  }

  request(request: OutgoingRequest, events: ClientTransactionEvents): ClientTransaction {
    return this.clients.request(request, events);
  }

  sendAck(ack: OutgoingRequest): Promise<SendResult> {
    return this.stopped ? Promise.resolve({ ok: false, error: CLOSING }) : this.clients.sendAck(ack);
  }

  adoptInvite(invite: SipMessage, { listener, address, port }: AdoptedArrival): AdoptedInvite | null {
    const known = this.listeners.find(({ name, transport }) => name === listener && transport === "udp");
    if (known === undefined) return null;
    return this.servers.adopt(invite, new Arrival(known, { transport: "udp", address, port }));
  }

  knowsInvite(invite: SipMessage): boolean {
    return this.servers.knows(invite);
  }

  get receiveWaitMs(): number {
    return this.context.transports.receiveWait.ms;
  }

  stats(): EndpointStats {
    const { counters, transports } = this.context;
    return counters.snapshot({ ...transports.table.open });
  }

  replaceTls(listener: string, tls: ListenerTls): boolean {
    return this.context.transports.replaceTls(listener, tls);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.closed ??= this.shutDown(options.graceMs ?? 0);
    return this.closed;
  }

  /**
   * 1. refuse new requests; 2. let pending transactions finish, at most so long; 3. end those left and what lingers; 4. close sockets;
   * 5. forget all timers.
   */
  private async shutDown(graceMs: number): Promise<void> {
    const { pending, transports, wheel } = this.context;
    this.servers.closing = true;
    transports.stopAccepting();
    if (graceMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wheel.schedule(graceMs, { onTimer: () => resolve() }, "grace");
      await Promise.race([promise, pending.idle()]);
    }
    this.stopped = true;
    this.clients.stop(CLOSING);
    this.servers.stop();
    await transports.close();
    wheel.stop();
  }
}
