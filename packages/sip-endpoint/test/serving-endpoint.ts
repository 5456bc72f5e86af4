import { afterEach, beforeEach } from "vitest";
import { FakeClock, settled } from "./fake-clock.ts";
import { RecordingUser } from "./recorder.ts";
import { SimulatedDatagrams, SimulatedPeer } from "./simulated-datagrams.ts";
import type { EndpointConfig } from "../src/config.ts";
import { createEndpoint } from "../src/create-endpoint.ts";
import type { Endpoint } from "../src/endpoint.ts";

/** Where the endpoint listens. */
export const US = { address: "10.0.0.9", port: 5060 };

/** Made anew for each test, the endpoint by `start`. */
export let clock: FakeClock;
export let network: SimulatedDatagrams;
export let peer: SimulatedPeer;
export let user: RecordingUser;
export let endpoint: Endpoint;

export async function start(config: Partial<EndpointConfig> = {}): Promise<void> {
  const made = await createEndpoint(
    { listeners: [{ name: "core", transport: "udp", ...US }], datagrams: network, clock, ...config },
    user,
  );
  if (!made.ok) throw new Error(made.error.detail);
  endpoint = made.value;
}

/** The peer sends these. */
export async function receive(...texts: readonly string[]): Promise<void> {
  for (const text of texts) peer.send(text, US);
  await settled();
}

/** Every test of the file that calls it has an endpoint, a peer and a time of its own. */
export function useServingEndpoint(): void {
  beforeEach(async () => {
    clock = new FakeClock();
    network = new SimulatedDatagrams();
    peer = await SimulatedPeer.at(network, "10.0.0.1");
    user = new RecordingUser();
  });

  afterEach(() => endpoint.close());
}
