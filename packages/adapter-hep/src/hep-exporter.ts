import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { SocketAddress } from "@tandem/runtime";
import type { TracedMessage } from "@tandem/sip-endpoint";
import { hepPacket, type CaptureAgent } from "./hep-packet.ts";

export interface HepExporterOptions extends CaptureAgent {
  /** The capture server (heplify-server, Homer); a name is looked up now and every minute. */
  readonly target: SocketAddress;
  /** Told once per change whether the server's name leads anywhere. */
  readonly onState?: (reachable: boolean, detail: string) => void;
}

/** Copies SIP messages to a capture server. */
export interface HepExporter {
  /** Returns at once: what cannot be sent now is dropped and counted, and nothing waits for the network. */
  take(message: TracedMessage): void;
  counts(): { readonly sent: number; readonly dropped: number };
  close(): Promise<void>;
}

const LOOKUP_EVERY_MS = 60_000;
/** Bytes on their way into the system; beyond them the server, or the way to it, is too slow. */
const MOST_WAITING_BYTES = 4 * 1_024 * 1_024;

/** Opens a socket of its own. Nothing is sent before the server's name is known. */
export function createHepExporter(options: HepExporterOptions): HepExporter {
  const { target, onState } = options;
  const counts = { sent: 0, dropped: 0 };
  let way: { readonly socket: Socket; readonly address: string } | null = null;
  let closed = false;

  const find = async (): Promise<void> => {
    try {
      const { address, family } = await lookup(target.host);
      if (closed || way?.address === address) return;
      way?.socket.close();
      way = { socket: openSocket(family === 6 ? "udp6" : "udp4"), address };
      onState?.(true, address);
    } catch (error) {
      if (way === null) onState?.(false, error instanceof Error ? error.message : String(error));
    }
  };
  const found = find();
  const again = setInterval(() => void find(), LOOKUP_EVERY_MS).unref();

  return {
    take(message) {
      const packet = way === null || isFull(way.socket) ? null : hepPacket(message, options);
      if (way === null || packet === null) {
        counts.dropped += 1;
        return;
      }
      counts.sent += 1;
      way.socket.send(packet, target.port, way.address, (error) => {
        if (error === null) return;
        counts.sent -= 1;
        counts.dropped += 1;
      });
    },
    counts: () => ({ ...counts }),
    async close() {
      closed = true;
      clearInterval(again);
      await found;
      const { socket } = way ?? {};
      way = null;
      if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}

function openSocket(type: "udp4" | "udp6"): Socket {
  // A refused datagram is the capture server's business and counted where it was sent.
  return createSocket(type)
    .on("error", () => undefined)
    .unref();
}

function isFull(socket: Socket): boolean {
  return socket.getSendQueueSize() > MOST_WAITING_BYTES;
}
