import { z } from "zod";

const WILDCARDS = ["0.0.0.0", "::"];

const port = z.number().int("expected a whole number").min(0).max(65_535, "expected a port");

const listener = z
  .object({
    name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "expected 1 to 64 letters, digits, dots, hyphens or underscores"),
    transport: z.enum(["udp", "tcp", "tls"], { error: "expected udp, tcp or tls" }),
    address: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address to bind" }),
    port,
    /** What peers are told; empty or absent: the address bound. */
    advertisedAddress: z.string().optional(),
    /** What peers are told; 0 or absent: the port bound. */
    advertisedPort: port.optional(),
    tls: z
      .object({
        certificateFile: z.string(),
        keyFile: z.string(),
        caFile: z.string().optional(),
        mutual: z.boolean().default(false),
        verifyServers: z.boolean().optional(),
      })
      .optional(),
  })
  .refine((given) => given.transport !== "tls" || given.tls !== undefined, {
    path: ["tls"],
    message: "expected certificateFile and keyFile, because the transport is tls",
  })
  .refine((given) => !WILDCARDS.includes(given.address) || !isUnsaid(given.advertisedAddress), {
    path: ["advertisedAddress"],
    message: "expected what peers shall be told, because the address is a wildcard",
  });

/** Listeners of an edge as its environment gives them: the pool's, in the topology's shape. */
export const listenersSchema = z
  .array(listener)
  .min(1, "expected at least one listener")
  .refine((given) => new Set(given.map(({ name }) => name)).size === given.length, "expected different names");

/** One listener as configured. */
export type ConfiguredListener = z.output<typeof listener>;

function isUnsaid(address: string | undefined): boolean {
  return address === undefined || address === "" || WILDCARDS.includes(address);
}
