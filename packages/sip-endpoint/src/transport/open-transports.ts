import { err, ok, type Result } from "@tandem/sip";
import type { ListenerConfig } from "../config.ts";
import type { EndpointStartFailure } from "../endpoint.ts";
import { Arrival } from "./arrival.ts";
import { boundListener } from "./bound-listener.ts";
import { StreamListener } from "./stream-listener.ts";
import { systemDatagrams } from "./system-datagrams.ts";
import { harmless, tracedDatagrams } from "./trace.ts";
import { Transports, type TransportsParts } from "./transports.ts";

/** Binds every listener; on the first that cannot be had everything is closed again. */
export async function openTransports(parts: TransportsParts): Promise<Result<Transports, EndpointStartFailure>> {
  const fault = configFault(parts.config.listeners);
  if (fault !== undefined) return err(fault);
  const transports = new Transports(parts);
  for (const listener of parts.config.listeners) {
    const failure = await openListener(listener, transports, parts);
    if (failure === undefined) continue;
    await transports.close();
    return err(failure);
  }
  return ok(transports);
}

function configFault(listeners: readonly ListenerConfig[]): EndpointStartFailure | undefined {
  if (listeners.length === 0) return { reason: "bad-config", listener: "", detail: "no listener" };
  const names = new Set<string>();
  for (const { name, transport, tls } of listeners) {
    if (names.has(name)) return { reason: "bad-config", listener: name, detail: "the name is used twice" };
    names.add(name);
    if (transport === "tls" && tls === undefined) {
      return { reason: "bad-config", listener: name, detail: "no certificate" };
    }
  }
  return undefined;
}

async function openListener(
  config: ListenerConfig,
  transports: Transports,
  parts: TransportsParts,
): Promise<EndpointStartFailure | undefined> {
  try {
    if (config.transport === "udp") await openDatagramPort(config, transports, parts);
    else await openStreamListener(config, transports, parts);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const reason = /^E[A-Z]+$/.test(code) ? "bind" : "bad-config";
    return { reason, listener: config.name, detail: code };
  }
}

async function openDatagramPort(config: ListenerConfig, transports: Transports, parts: TransportsParts): Promise<void> {
  const bufferBytes = parts.limits.udpBufferBytes;
  let bound = boundListener(config, config);
  const { datagrams = systemDatagrams, trace, measureWait = false } = parts.config;
  const measured = measureWait ? transports.receiveWait.over(datagrams, parts.clock) : datagrams;
  const network = trace === undefined ? measured : tracedDatagrams(measured, harmless(trace, parts.log), parts.clock);
  const socket = await network.bind(
    { address: config.address, port: config.port, bufferBytes },
    {
      onDatagram: (bytes, address, port) => {
        parts.receiver.onDatagram(bytes, new Arrival(bound, { transport: "udp", address, port }));
      },
      onError: (error) => parts.log.warn({ listener: config.name, reason: error.message }, "UDP socket error"),
    },
  );
  bound = boundListener(config, socket);
  transports.addDatagramPort({ transport: "udp", bound, socket });
  if (socket.receiveBufferBytes < bufferBytes) {
    const fields = { listener: config.name, wanted: bufferBytes, given: socket.receiveBufferBytes };
    parts.log.info(fields, "UDP buffer smaller than wanted, raise net.core.rmem_max and wmem_max");
  }
}

async function openStreamListener(
  config: ListenerConfig,
  transports: Transports,
  parts: TransportsParts,
): Promise<void> {
  const { limits, counters, log } = parts;
  const events = {
    isFull: () => transports.isFull(limits.connections),
    onRefused: (bound: { readonly name: string }, cause: "connection-limit" | "tls-handshake", detail: string) => {
      counters.discarded[cause]++;
      log.warn({ listener: bound.name, reason: detail }, "connection refused");
    },
  };
  const listener = new StreamListener(config, transports.table, events, limits.connectTimeoutMs);
  await listener.listen(config);
  transports.addStreamListener(listener);
}
