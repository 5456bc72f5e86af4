import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { ok, type Failure, type Result } from "@tandem/domain";
import { formatSocketAddress, type Logger } from "@tandem/runtime";
import type { FastifyBaseLogger } from "fastify";
import type { ControlApiConfig } from "../config.ts";
import { currentTopology } from "../current-topology.ts";
import type { ControlServices } from "../services.ts";
import { createHeldApp, type HeldAnswer } from "./held-app.ts";
import { HeldCertificate } from "./held-certificate.ts";
import { keptProvider } from "./kept-provider.ts";

/** A HELD server that listens. */
export interface RunningHeld {
  /** Bound `host:port`; null: it is not configured. */
  readonly address: string | null;
  /** When the listener's certificate ends (epoch ms); null: it has none. */
  certificateEndsMs(): number | null;
  close(): Promise<void>;
}

export interface HeldObservers {
  readonly logger: Logger;
  readonly metrics: { heldAnswer(answer: HeldAnswer): void };
}

/**
 * Starts the listener for devices, apart from the API: devices have no business there.
 * @throws the bind error of the socket
 */
export async function serveHeld(
  { held, keys }: ControlApiConfig,
  services: ControlServices,
  { logger, metrics }: HeldObservers,
): Promise<Result<RunningHeld, Failure>> {
  if (held === null) return ok({ address: null, certificateEndsMs: () => null, close: () => Promise.resolve() });
  const read = await readCertificate(held, services, logger);
  if (!read.ok) return read;
  const certificate = read.value;
  const app = await createHeldApp({
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
    listener: { tls: certificate?.inForce ?? null, proxies: held.proxies, ratePerMinute: held.ratePerMinute },
    onAnswer: (answer) => metrics.heldAnswer(answer),
  });
  const stopFollowing = certificate?.follow((renewed) => (app.server as Server).setSecureContext(renewed));
  await app.listen({ host: held.address.host, port: held.address.port });
  const bound = app.server.address() as AddressInfo;
  const address = formatSocketAddress({ host: bound.address, port: bound.port });
  return ok({
    address,
    certificateEndsMs: () => certificate?.endsMs ?? null,
    async close() {
      stopFollowing?.();
      await app.close();
    },
  });
}

/** Null: the listener is in clear. */
async function readCertificate(
  { certificateFile, keyFile }: NonNullable<ControlApiConfig["held"]>,
  { clock }: ControlServices,
  log: Logger,
): Promise<Result<HeldCertificate | null, Failure>> {
  if (certificateFile === null || keyFile === null) return ok(null);
  return HeldCertificate.read({ files: { certificate: certificateFile, key: keyFile }, clock, log });
}
