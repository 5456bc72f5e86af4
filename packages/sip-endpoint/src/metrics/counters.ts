import type { Transport } from "../config.ts";
import type { DiscardCause, EndpointStats, MessageCount, MessageKind, TransactionKind } from "../stats.ts";

/** Methods with a label of their own: the IANA registry of SIP methods. Any other counts as `OTHER`, so that labels stay bounded. */
const METHODS = [
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "OPTIONS",
  "REGISTER",
  "PRACK",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "INFO",
  "REFER",
  "MESSAGE",
  "UPDATE",
  "OTHER",
] as const;
const OTHER = METHODS.length - 1;
const KINDS: readonly MessageKind[] = ["request", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];
const DIRECTIONS = ["in", "out"] as const;
const TRANSPORTS: readonly Transport[] = ["udp", "tcp", "tls"];

const methodIndex = new Map<string, number>(METHODS.map((method, index) => [method, index]));

/** Counts on the hot path: one array of numbers, no strings made. */
export class Counters {
  retransmissionsSent = 0;
  retransmissionsReceived = 0;
  timeouts = 0;
  transportFailures = 0;
  tlsFailures = 0;
  nextAddresses = 0;
  ackTimeouts = 0;
  keepAlives = 0;
  connectionsIncoming = 0;
  connectionsOutgoing = 0;
  readonly transactions: Record<TransactionKind, number> = {
    "invite-client": 0,
    "invite-server": 0,
    "non-invite-client": 0,
    "non-invite-server": 0,
  };
  readonly discarded: Record<DiscardCause, number> = {
    malformed: 0,
    rejected: 0,
    "stray-response": 0,
    "stray-cancel": 0,
    merged: 0,
    oversize: 0,
    "stream-garbage": 0,
    "stream-timeout": 0,
    "connection-limit": 0,
    "tls-handshake": 0,
    "slow-reader": 0,
  };
  private readonly messages = new Float64Array(DIRECTIONS.length * TRANSPORTS.length * METHODS.length * KINDS.length);

  /** Counts a message. `status` 0: a request. */
  message(direction: "in" | "out", transport: Transport, method: string, status: number): void {
    const kind = status === 0 ? 0 : Math.min(Math.floor(status / 100), 6);
    const path = (direction === "in" ? 0 : TRANSPORTS.length) + TRANSPORTS.indexOf(transport);
    const index = (path * METHODS.length + (methodIndex.get(method) ?? OTHER)) * KINDS.length + kind;
    this.messages[index] = (this.messages[index] ?? 0) + 1;
  }

  /** All counters as of now. */
  snapshot(connections: EndpointStats["connections"]): EndpointStats {
    return {
      messages: this.messageCounts(),
      retransmissions: { sent: this.retransmissionsSent, received: this.retransmissionsReceived },
      transactions: { ...this.transactions },
      discarded: { ...this.discarded },
      failures: {
        timeout: this.timeouts,
        transport: this.transportFailures,
        tls: this.tlsFailures,
        nextAddress: this.nextAddresses,
      },
      ackTimeouts: this.ackTimeouts,
      connections,
      connectionsOpened: { incoming: this.connectionsIncoming, outgoing: this.connectionsOutgoing },
      keepAlives: this.keepAlives,
    };
  }

  private messageCounts(): readonly MessageCount[] {
    const counts: MessageCount[] = [];
    let index = 0;
    for (const direction of DIRECTIONS) {
      for (const transport of TRANSPORTS) {
        for (const method of METHODS) {
          for (const kind of KINDS) {
            const count = this.messages[index++] ?? 0;
            if (count > 0) counts.push({ direction, transport, method, kind, count });
          }
        }
      }
    }
    return counts;
  }
}
