import { z } from "zod";
import { count, host, name, port } from "./fields.ts";

const file = z.string().min(1);

const tls = z.strictObject({
  certificateFile: file.describe("PEM file with the certificate chain"),
  keyFile: file.describe("PEM file with the private key"),
  caFile: file.optional().describe("PEM file with the authorities that peers' certificates must come from"),
  mutual: z.boolean().default(false).describe("ask for and verify the peer's certificate"),
});

const listener = z.strictObject({
  name: name.describe("unique in its pool"),
  address: host.describe("local address to listen on; 0.0.0.0 or :: for all"),
  port: port.describe("local port"),
  transport: z.enum(["udp", "tcp", "tls"]),
  advertisedAddress: host.optional().describe("what peers are told; default: address"),
  advertisedPort: port.optional().describe("what peers are told; default: port"),
  serves: z
    .enum(["callers", "gateways"])
    .default("gateways")
    .describe("callers: an emergency call from an unknown source is served; gateways: it is refused like any other"),
  tls: tls.optional().describe("certificates; required for transport tls"),
});

/** One pool as written. */
export const pool = z.strictObject({
  name,
  fqdn: host.optional().describe("name that peers know the pool by; goes into Contact"),
  arrangement: z
    .enum(["split", "fused"])
    .default("split")
    .describe("split: edges and workers are processes of their own; fused: each worker process is an edge, too"),
  edges: count(1, 64).default(1).describe("edge processes; a fused pool has none of its own"),
  workers: count(1, 256).default(2).describe("worker processes"),
  listeners: z.array(listener).min(1),
  locationPolicy: name.optional().describe("location policy of callers of this pool"),
});

/** One gateway as written. */
export const gateway = z.strictObject({
  name,
  kind: z.enum(["pstn", "pbx", "sbc", "e911", "core"]),
  address: host.describe("host name or IP literal of the peer"),
  sources: z.array(z.string()).default([]).describe("further addresses or CIDR blocks its requests come from"),
});
