import type { Registry } from "prom-client";
import { closedLabel, codeClass, methodLabel } from "./bounded-label.ts";
import { counter, gauge } from "./metric-set.ts";

type TransactionRole = "client" | "server";

/** What the edge's SIP endpoint and protocol server tell. */
export interface EdgeMetrics {
  message(direction: "in" | "out", transport: string, kind: { readonly method: string; readonly status: number }): void;
  malformed(transport: string): void;
  transactionBegun(role: TransactionRole, method: string): void;
  /** `reason` is null when it ended by a response. */
  transactionEnded(role: TransactionRole, reason: "timeout" | "transport" | null): void;
  retransmission(direction: "sent" | "absorbed"): void;
  connections(transport: string, count: number): void;
  workers(count: number): void;
  redelivered(): void;
  unserved(method: string): void;
  draining(draining: boolean): void;
}

const transportLabel = closedLabel(["udp", "tcp", "tls"]);

/** Metrics of an edge process. */
export function createEdgeMetrics(registry: Registry): EdgeMetrics {
  return { ...messageMetrics(registry), ...transactionMetrics(registry), ...connectionMetrics(registry) };
}

function messageMetrics(registry: Registry): Pick<EdgeMetrics, "message" | "malformed" | "retransmission"> {
  const messages = counter(registry, "tandem_messages_total");
  const malformed = counter(registry, "tandem_malformed_messages_total");
  const retransmissions = counter(registry, "tandem_retransmissions_total");
  return {
    message: (direction, transport, { method, status }) =>
      messages.inc({
        direction,
        transport: transportLabel(transport),
        kind: status === 0 ? methodLabel(method) : codeClass(status),
      }),
    malformed: (transport) => malformed.inc({ transport: transportLabel(transport) }),
    retransmission: (direction) => retransmissions.inc({ direction }),
  };
}

function transactionMetrics(registry: Registry): Pick<EdgeMetrics, "transactionBegun" | "transactionEnded"> {
  const begun = counter(registry, "tandem_transactions_total");
  const active = gauge(registry, "tandem_transactions_active");
  const failed = counter(registry, "tandem_transactions_failed_total");
  return {
    transactionBegun: (role, method) => {
      begun.inc({ role, method: methodLabel(method) });
      active.inc({ role });
    },
    transactionEnded: (role, reason) => {
      active.dec({ role });
      if (reason !== null) failed.inc({ role, reason });
    },
  };
}

type ConnectionMetrics = Pick<EdgeMetrics, "connections" | "workers" | "redelivered" | "unserved" | "draining">;

function connectionMetrics(registry: Registry): ConnectionMetrics {
  const connections = gauge(registry, "tandem_connections_active");
  const workers = gauge(registry, "tandem_workers_connected");
  const redeliveries = counter(registry, "tandem_redeliveries_total");
  const unserved = counter(registry, "tandem_unserved_total");
  const draining = gauge(registry, "tandem_draining");
  return {
    connections: (transport, count) => connections.set({ transport: transportLabel(transport) }, count),
    workers: (count) => workers.set(count),
    redelivered: () => redeliveries.inc(),
    unserved: (method) => unserved.inc({ method: methodLabel(method) }),
    draining: (is) => draining.set(is ? 1 : 0),
  };
}
