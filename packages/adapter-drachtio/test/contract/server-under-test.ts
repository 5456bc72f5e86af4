import { createEndpoint } from "@tandem/sip-endpoint";
import type { PeerAddressOf } from "@tandem/testkit";
import { createDrachtioServer } from "../../src/server/index.ts";

/** The server that the contract is checked on. */
export interface ServerUnderTest {
  readonly kind: "tandem" | "stock";
  readonly admin: { readonly host: string; readonly port: number };
  readonly secret: string;
  /** Its UDP address. */
  readonly sip: PeerAddressOf;
  /** Applications connected; never known of a stock server. */
  readonly applications: () => number;
  readonly close: () => Promise<void>;
}

/** `DRACHTIO_SERVER=host:adminport:secret:sipport` points the suite at a stock drachtio-server. */
const STOCK = process.env["DRACHTIO_SERVER"];

/** True when the suite runs against a stock drachtio-server. */
export const isStock = STOCK !== undefined;

/** The stock server when one is named, else an edge of ours on free ports. */
export async function startServerUnderTest(): Promise<ServerUnderTest> {
  return STOCK === undefined ? startEdge() : stockServer(STOCK);
}

function stockServer(text: string): ServerUnderTest {
  const [host = "127.0.0.1", adminPort = "9022", secret = "cymru", sipPort = "5060"] = text.split(":");
  return {
    kind: "stock",
    admin: { host, port: Number(adminPort) },
    secret,
    sip: { address: host, port: Number(sipPort) },
    applications: () => Number.NaN,
    close: async () => undefined,
  };
}

async function startEdge(): Promise<ServerUnderTest> {
  const secret = "cymru";
  const server = createDrachtioServer({ edge: "e1", pool: "east", secret });
  const endpoint = await createEndpoint(
    { listeners: [{ name: "outside", transport: "udp", address: "127.0.0.1", port: 0 }] },
    server.events,
  );
  if (!endpoint.ok) throw new Error(endpoint.error.detail);
  const admin = await server.serve(endpoint.value, { host: "127.0.0.1", port: 0 });
  const port = endpoint.value.listeners[0]?.port ?? 0;
  return {
    kind: "tandem",
    admin,
    secret,
    sip: { address: "127.0.0.1", port },
    applications: () => server.stats().applications,
    close: async () => {
      await server.close();
      await endpoint.value.close();
    },
  };
}
