import { createEndpoint } from "../src/create-endpoint.ts";
import type { BoundListener, EndpointConfig, ListenerConfig, ListenerTls, Transport } from "../src/config.ts";
import type { Endpoint } from "../src/endpoint.ts";
import { RecordingUser } from "./recorder.ts";

/** An endpoint on real sockets with its user. */
export interface Running {
  readonly endpoint: Endpoint;
  readonly user: RecordingUser;
  /** The bound listener of that name. */
  at(name: string): BoundListener;
}

const running: Endpoint[] = [];

export async function run(
  listeners: readonly ListenerConfig[],
  config: Omit<EndpointConfig, "listeners"> = {},
): Promise<Running> {
  const user = new RecordingUser();
  const made = await createEndpoint({ listeners, ...config }, user);
  if (!made.ok) throw new Error(`${made.error.listener}: ${made.error.detail}`);
  const endpoint = made.value;
  running.push(endpoint);
  return {
    endpoint,
    user,
    at(name) {
      const listener = endpoint.listeners.find((each) => each.name === name);
      if (listener === undefined) throw new Error(`no listener ${name}`);
      return listener;
    },
  };
}

/** A listener on loopback, any port. */
export function loopback(name: string, transport: Transport, tls?: ListenerTls): ListenerConfig {
  return { name, transport, address: "127.0.0.1", port: 0, ...(tls === undefined ? {} : { tls }) };
}

/** Closes every endpoint that `run` made. */
export async function closeAll(): Promise<void> {
  await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
}
