import type { BoundListener, ListenerConfig } from "../config.ts";

/** What a listener became once bound to an address and port. */
export function boundListener(
  config: ListenerConfig,
  bound: { readonly address: string; readonly port: number },
): BoundListener {
  return {
    name: config.name,
    transport: config.transport,
    address: bound.address,
    port: bound.port,
    advertisedAddress: config.advertisedAddress ?? bound.address,
    advertisedPort: config.advertisedPort ?? bound.port,
  };
}
