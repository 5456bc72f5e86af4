import type { ArrivalPlace } from "@tandem/domain";
import type { IncomingRequest } from "../ports/index.ts";

/** How an INVITE came, where another edge could answer it: over UDP, and not over a connection that ends with its edge. */
export function arrivalPlace({ source, listener }: IncomingRequest): { readonly arrival?: ArrivalPlace } {
  const { transport, address, port } = source;
  return transport === "udp" ? { arrival: { listener, address, port } } : {};
}
