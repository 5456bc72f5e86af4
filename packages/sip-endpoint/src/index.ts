export { createEndpoint } from "./create-endpoint.ts";
export { sentByOf } from "./messages/via-lines.ts";
export { systemClock } from "./timers/clock.ts";
export type { Clock } from "./timers/clock.ts";
export { DEFAULT_LIMITS } from "./config.ts";
export type {
  BoundListener,
  EndpointConfig,
  EndpointLimits,
  EndpointLog,
  LargeRequestPolicy,
  ListenerConfig,
  ListenerTls,
  TracedMessage,
  Transport,
} from "./config.ts";
export type {
  AdoptedArrival,
  AdoptedInvite,
  ClientFailure,
  ClientTransaction,
  ClientTransactionEvents,
  CreateEndpoint,
  Endpoint,
  EndpointEvents,
  EndpointStartFailure,
  OutgoingRequest,
  PeerSource,
  ReceivedMessage,
  SendFailure,
  SendFailureReason,
  SendResult,
  SentMessage,
  ServerTransaction,
} from "./endpoint.ts";
export { createSystemResolver } from "./next-hop/system-resolver.ts";
export type { NaptrRecord, Resolver, SrvRecord } from "./next-hop/resolver.ts";
export type { DiscardCause, EndpointStats, MessageCount, MessageKind, TransactionKind } from "./stats.ts";
export { StandingWait } from "./transport/standing-wait.ts";
export type {
  DatagramNetwork,
  DatagramOptions,
  DatagramReceiver,
  DatagramSocket,
} from "./transport/datagram-network.ts";
