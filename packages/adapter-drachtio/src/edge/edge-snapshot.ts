import type { Endpoint } from "@tandem/sip-endpoint";
import type { DrachtioServer } from "../server/index.ts";
import type { MessageCapture } from "./message-capture.ts";

/** Where the edge's figures come from. */
export interface EdgeFigures {
  readonly endpoint: Endpoint;
  readonly server: DrachtioServer;
  readonly draining: boolean;
  /** By listener name, epoch milliseconds. */
  readonly certificateEnds: Readonly<Record<string, number>>;
  readonly capture: MessageCapture | undefined;
}

/** What the edge's parts count, as the metrics show it. */
export function edgeSnapshot({ endpoint, server, draining, certificateEnds, capture }: EdgeFigures) {
  const sip = endpoint.stats();
  const apps = server.stats();
  return {
    messages: sip.messages,
    discarded: sip.discarded,
    transactions: sip.transactions,
    failures: { timeout: sip.failures.timeout, transport: sip.failures.transport, tls: sip.failures.tls },
    retransmissions: { sent: sip.retransmissions.sent, absorbed: sip.retransmissions.received },
    ackTimeouts: sip.ackTimeouts,
    connections: sip.connections,
    workers: apps.applications,
    workerLosses: apps.losses,
    workerFrames: { in: apps.frames.received, out: apps.frames.sent },
    waiting: apps.waiting,
    receiveWaitMs: endpoint.receiveWaitMs,
    redeliveries: apps.redelivered,
    unserved: apps.ownAnswers,
    orphans: apps.orphans,
    draining,
    certificateEnds,
    captured: capture?.counts() ?? {},
  };
}
