import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ListenerConfig, ListenerTls } from "@tandem/sip-endpoint";
import type { ConfiguredListener } from "./listener-schema.ts";

/**
 * A listener as the endpoint wants it, its TLS files read.
 * @throws (rejects with) the system's error of a file that cannot be read
 */
export async function toEndpointListener(configured: ConfiguredListener): Promise<ListenerConfig> {
  const { name, transport, address, port, advertisedAddress, advertisedPort, tls } = configured;
  return {
    name,
    transport,
    address,
    port,
    ...(advertisedAddress === undefined || advertisedAddress === "" ? {} : { advertisedAddress }),
    ...(advertisedPort === undefined || advertisedPort === 0 ? {} : { advertisedPort }),
    ...(tls === undefined ? {} : { tls: await readTls(tls) }),
  };
}

/** When the certificate of each TLS listener ends, epoch milliseconds. Of a chain the first counts: it is the listener's own. */
export function certificateEnds(listeners: readonly ListenerConfig[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    listeners.flatMap(({ name, tls }) =>
      tls === undefined ? [] : [[name, new X509Certificate(tls.certificate).validToDate.getTime()]],
    ),
  );
}

async function readTls(tls: NonNullable<ConfiguredListener["tls"]>): Promise<ListenerTls> {
  const [certificate, key, ca] = await Promise.all([
    readFile(tls.certificateFile, "latin1"),
    readFile(tls.keyFile, "latin1"),
    tls.caFile === undefined ? undefined : readFile(tls.caFile, "latin1"),
  ]);
  return {
    certificate,
    key,
    mutual: tls.mutual,
    ...(ca === undefined ? {} : { ca }),
    ...(tls.verifyServers === undefined ? {} : { verifyServers: tls.verifyServers }),
  };
}
