import { createDrachtioServer } from "@tandem/adapter-drachtio/server";
import { formatSocketAddress } from "@tandem/runtime";
import { createEndpoint, type Endpoint } from "@tandem/sip-endpoint";

/** An edge of pool `east` in this process, with listeners `core` and `outside` on free ports. */
export interface EdgeOfPool extends AsyncDisposable {
  readonly admin: string;
  /** Port of a listener. */
  port(listener: string): number;
}

export async function startEdge(): Promise<EdgeOfPool> {
  const server = createDrachtioServer({ edge: "e1", pool: "east", secret: "shared" });
  const listeners = ["core", "outside"].map((name) => ({
    name,
    transport: "udp" as const,
    address: "127.0.0.1",
    port: 0,
  }));
  const started = await createEndpoint({ listeners }, server.events);
  if (!started.ok) throw new Error(started.error.detail);
  const endpoint: Endpoint = started.value;
  const admin = await server.serve(endpoint, { host: "127.0.0.1", port: 0 });
  return {
    admin: formatSocketAddress(admin),
    port: (listener) => endpoint.listeners.find(({ name }) => name === listener)?.port ?? 0,
    async [Symbol.asyncDispose]() {
      await server.close();
      await endpoint.close();
    },
  };
}
