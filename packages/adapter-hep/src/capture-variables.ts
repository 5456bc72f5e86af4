import { field, type Logger, type SocketAddress } from "@tandem/runtime";
import { z } from "zod";
import { createHepExporter, type HepExporter } from "./hep-exporter.ts";
import type { CaptureAgent } from "./hep-packet.ts";

/** The variables of a process that owns SIP sockets; docs/architecture.md lists them. */
export const captureVariables = {
  /** Capture server; absent: no message is copied. */
  TANDEM_HEP: field.address().optional(),
  /** Number by which the server knows this agent. */
  TANDEM_HEP_ID: field.integer(0, 4_294_967_295).default(2_001),
  TANDEM_HEP_KEY: z.string().optional(),
};

/** Where SIP messages are copied to. */
export interface CaptureSettings extends CaptureAgent {
  readonly target: SocketAddress;
}

/** The settings as one value; null: no message is copied. */
export function captureSettings(given: z.output<z.ZodObject<typeof captureVariables>>): CaptureSettings | null {
  const { TANDEM_HEP: target, TANDEM_HEP_ID: id, TANDEM_HEP_KEY: key = null } = given;
  return target === undefined ? null : { target, id, key };
}

/** The exporter for these settings; `undefined` for none. */
export function openCapture(settings: CaptureSettings | null, logger: Logger): HepExporter | undefined {
  if (settings === null) return undefined;
  const server = settings.target.host;
  return createHepExporter({
    ...settings,
    onState: (reachable, detail) =>
      reachable
        ? logger.info({ server, address: detail }, "SIP messages are copied to a capture server")
        : logger.warn({ server, detail }, "the capture server's name leads nowhere"),
  });
}
