import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { formatSocketAddress, type Logger } from "@tandem/runtime";
import type { FastifyBaseLogger } from "fastify";
import type { ControlApiConfig } from "../config.ts";
import { currentTopology } from "../current-topology.ts";
import type { ControlServices } from "../services.ts";
import { createHeldApp, type HeldListener } from "./held-app.ts";
import { keptProvider } from "./kept-provider.ts";

/** A HELD server that listens. */
export interface RunningHeld {
  /** Bound `host:port`; null: it is not configured. */
  readonly address: string | null;
  close(): Promise<void>;
}

/**
 * Starts the listener for devices, apart from the API: devices have no business there.
 * @throws the bind error of the socket
 */
export async function serveHeld(
  { held, keys }: ControlApiConfig,
  services: ControlServices,
  logger: Logger,
): Promise<Result<RunningHeld, Failure>> {
  if (held === null) return ok({ address: null, close: () => Promise.resolve() });
  const tls = readTls(held.certificateFile, held.keyFile);
  if (!tls.ok) return tls;
  const app = createHeldApp({
    locations: services.locations,
    provider: keptProvider(
      async () => {
        const topology = await currentTopology(services);
        return topology.ok ? ok(topology.value?.topology.emergency.provider ?? null) : topology;
      },
      () => services.clock.now(),
    ),
    keys,
    now: () => services.clock.now(),
    logger: logger as unknown as FastifyBaseLogger,
    listener: { tls: tls.value, proxies: held.proxies },
  });
  await app.listen({ host: held.address.host, port: held.address.port });
  const bound = app.server.address() as AddressInfo;
  const address = formatSocketAddress({ host: bound.address, port: bound.port });
  return ok({ address, close: () => app.close() });
}

function readTls(certificate: string | null, key: string | null): Result<HeldListener["tls"], Failure> {
  if (certificate === null || key === null) return ok(null);
  try {
    return ok({ cert: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") });
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    return err({ code: "configuration-invalid", detail: `certificate or key of the HELD listener: ${reason}` });
  }
}
