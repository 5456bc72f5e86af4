import { afterEach, beforeEach } from "vitest";
import { FakeClock, settled } from "./fake-clock.ts";
import { outgoing, RecordingClient, RecordingUser } from "./recorder.ts";
import { SimulatedDatagrams, SimulatedPeer } from "./simulated-datagrams.ts";
import { responseText } from "./sip-texts.ts";
import type { EndpointConfig } from "../src/config.ts";
import { createEndpoint } from "../src/create-endpoint.ts";
import type { ClientTransaction, Endpoint, EndpointEvents, OutgoingRequest } from "../src/endpoint.ts";

/** Where the endpoint is. */
export const US = { address: "10.0.0.9", port: 5060 };
export const PEER = "sip:them@10.0.0.1";

/** Made anew for each test, the endpoint by `start`. */
export let clock: FakeClock;
export let network: SimulatedDatagrams;
export let peer: SimulatedPeer;
export let endpoint: Endpoint;
/** Is told what becomes of the requests it sends. */
export let client: RecordingClient;
/** Is told of the requests it gets, and of all else. */
export let user: RecordingUser;

export async function start(config: Partial<EndpointConfig> = {}, events: EndpointEvents = user): Promise<void> {
  const made = await createEndpoint(
    { listeners: [{ name: "core", transport: "udp", ...US }], datagrams: network, clock, ...config },
    events,
  );
  if (!made.ok) throw new Error(made.error.detail);
  endpoint = made.value;
}

export async function send(
  method: string,
  options: Partial<OutgoingRequest> = {},
  events = client,
): Promise<ClientTransaction> {
  const request = { message: outgoing(method, PEER), listener: "core", nextHop: null, ...options };
  const transaction = endpoint.request(request, events);
  await settled();
  return transaction;
}

/** The peer answers the nth request it got. */
export async function answer(
  status: number,
  options: { index?: number; toTag?: string; from?: SimulatedPeer } = {},
): Promise<void> {
  const from = options.from ?? peer;
  const request = from.received.at(options.index ?? 0);
  if (request === undefined) throw new Error("the peer got nothing");
  from.send(responseText(request, status, options.toTag), US);
  await settled();
}

/** The peer sends these. */
export async function receive(...texts: readonly string[]): Promise<void> {
  for (const text of texts) peer.send(text, US);
  await settled();
}

/** Every test of the file that calls it has an endpoint, a peer and a time of its own. */
export function useEndpoint(): void {
  beforeEach(async () => {
    clock = new FakeClock();
    network = new SimulatedDatagrams();
    peer = await SimulatedPeer.at(network, "10.0.0.1");
    client = new RecordingClient();
    user = new RecordingUser();
  });

  afterEach(() => endpoint.close());
}
