import { ofPool, rate, series } from "./selection.ts";
import { figure, lines, type DashboardSpecification, type PanelSpecification } from "./specification.ts";

const ownPool = 'pool=~"$pool"';

const capacity: readonly PanelSpecification[] = [
  figure(
    {
      title: "Set-ups in use",
      description:
        "Calls being set up as a share of those the workers set up at once. Above 80 % the pool is at capacity.",
      unit: "percentunit",
      badFrom: 0.8,
    },
    `max(${series("pool:tandem_setups:ratio", ownPool)})`,
  ),
  figure(
    { title: "Workers", description: "That were scraped.", unit: "short", badUpTo: 0 },
    `sum(${series("pool:tandem_workers:count", ownPool)})`,
  ),
  figure(
    { title: "Draining", description: "Workers and edges that take no new ordinary work.", unit: "short" },
    `sum(${ofPool(series("tandem_draining"))})`,
  ),
  lines({ title: "Calls being set up", description: "Per worker.", unit: "short" }, [
    `sum by (node) (${ofPool(series("tandem_setups_active"))})`,
    "{{node}}",
  ]),
  lines({ title: "New calls", description: "Per ingress trunk.", unit: "reqps" }, [
    `sum by (ingress_trunk) (${rate("tandem_calls_started_total", ownPool)})`,
    "{{ingress_trunk}}",
  ]),
  lines({ title: "Ends of calls", description: "By whose fault.", unit: "reqps" }, [
    `sum by (outcome) (${rate("tandem_calls_total", ownPool)})`,
    "{{outcome}}",
  ]),
  lines(
    {
      title: "Races between workers",
      description: "Saves of a record that another worker was faster with, and were run again.",
      unit: "reqps",
    },
    [`sum by (node) (${ofPool(rate("tandem_cas_conflicts_total"))})`, "{{node}}"],
  ),
];

const links: readonly PanelSpecification[] = [
  lines({ title: "Workers connected", description: "Per edge; an edge without one answers 503.", unit: "short" }, [
    `sum by (node) (${ofPool(series("tandem_workers_connected"))})`,
    "{{node}}",
  ]),
  lines({ title: "Edges connected", description: "Summed over the workers, per pool.", unit: "short" }, [
    `sum by (pool) (${series("tandem_edges_connected", ownPool)})`,
    "{{pool}}",
  ]),
  lines(
    { title: "Frames between edges and workers", description: "By direction, seen from the edge.", unit: "reqps" },
    [`sum by (direction) (${ofPool(rate("tandem_worker_frames_total"))})`, "{{direction}}"],
  ),
  lines(
    {
      title: "Workers lost",
      description: "Connections of workers that ended or were refused, by reason.",
      unit: "reqps",
    },
    [`sum by (reason) (${ofPool(rate("tandem_worker_losses_total"))})`, "{{reason}}"],
  ),
  lines({ title: "Offered to another worker", description: "Transactions whose worker was lost.", unit: "reqps" }, [
    `sum by (node) (${ofPool(rate("tandem_redeliveries_total"))})`,
    "{{node}}",
  ]),
  lines(
    {
      title: "Orphans ended by the edge",
      description: "Outgoing calls of lost workers, cancelled or ended.",
      unit: "reqps",
    },
    [`sum by (action) (${ofPool(rate("tandem_orphans_total"))})`, "{{action}}"],
  ),
  lines(
    {
      title: "Requests waiting",
      description: "Without a final response yet: from peers, of workers, proxied.",
      unit: "short",
    },
    [`sum by (side) (${ofPool(series("tandem_requests_waiting"))})`, "{{side}}"],
  ),
];

const sip: readonly PanelSpecification[] = [
  lines({ title: "Messages", description: "By direction and transport.", unit: "reqps" }, [
    `sum by (direction, transport) (${ofPool(rate("tandem_messages_total"))})`,
    "{{direction}} {{transport}}",
  ]),
  lines({ title: "Requests in", description: "By method.", unit: "reqps" }, [
    `sum by (method) (${ofPool(rate("tandem_messages_total", 'direction="in", kind="request"'))})`,
    "{{method}}",
  ]),
  lines(
    {
      title: "Retransmissions",
      description: "Sent by us, or received and absorbed. More than a few percent of the messages means loss.",
      unit: "reqps",
    },
    [`sum by (direction) (${ofPool(rate("tandem_retransmissions_total"))})`, "{{direction}}"],
  ),
  lines({ title: "Transactions", description: "Alive, lingering ones included.", unit: "short" }, [
    `sum by (kind) (${ofPool(series("tandem_transactions_active"))})`,
    "{{kind}}",
  ]),
  lines(
    {
      title: "Transactions without an answer",
      description: "Ended by timeout, transport failure or TLS failure.",
      unit: "reqps",
    },
    [`sum by (reason) (${ofPool(rate("tandem_transactions_failed_total"))})`, "{{reason}}"],
  ),
  lines({ title: "Answers never acknowledged", description: "200 to an INVITE whose ACK never came.", unit: "reqps" }, [
    `sum by (node) (${ofPool(rate("tandem_ack_timeouts_total"))})`,
    "{{node}}",
  ]),
  lines({ title: "Dropped at the edge", description: "Messages or bytes no worker saw, by cause.", unit: "reqps" }, [
    `sum by (cause) (${ofPool(rate("tandem_discarded_total"))})`,
    "{{cause}}",
  ]),
  lines({ title: "Connections", description: "TCP and TLS.", unit: "short" }, [
    `sum by (transport) (${ofPool(series("tandem_connections_active"))})`,
    "{{transport}}",
  ]),
];

/** One pool: its workers, its edges, and what goes over the wire. */
export const poolDashboard: DashboardSpecification = {
  name: "tandem-pool",
  title: "Tandem / Pool",
  description: "Has the pool room, and do its edges and workers get along?",
  choices: ["pool"],
  rows: [
    { title: "Capacity", panels: capacity },
    { title: "Edges and workers", panels: links },
    { title: "SIP", panels: sip },
  ],
};
