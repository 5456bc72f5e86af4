import type { ClientFailure, SendFailure } from "../endpoint.ts";
import type { Loss } from "../transport/stream-connection.ts";

/** Why no response will come by a client transaction. */
export type NoResponse = "timeout" | "superseded" | Loss;

export const NO_RESPONSE: Readonly<Record<NoResponse, ClientFailure>> = {
  timeout: { reason: "timeout", detail: "no response" },
  transport: { reason: "transport", detail: "no address could be reached" },
  tls: { reason: "tls", detail: "the last address could not be reached by TLS" },
  superseded: { reason: "superseded", detail: "the same request was sent again" },
};

export const CANCELLED: ClientFailure = { reason: "cancelled", detail: "cancelled before anything was sent" };
export const NOT_CANCELLABLE: SendFailure = { reason: "transaction-over", detail: "there is nothing to cancel" };
