import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOOPBACK = "127.0.0.1";
const FIRST = 10_000;
/** Where Linux begins with ports of its own choice unless it is told otherwise. */
const USUAL_END = 32_768;
const handedOut = new Set<number>();

/**
 * A port of 127.0.0.1 that is free for UDP and TCP and was never handed out before in this process. It lies below the system's own range for outgoing connections, so that no
 * connection or socket made meanwhile takes it between the question and its use, or while its owner is being started again. Another process of the
 * tests may choose the same one at the same moment: whoever can should try another then.
 */
export async function freePort(): Promise<number> {
  const end = lowestOutgoingPort();
  const start = FIRST + Math.floor(Math.random() * (end - FIRST));
  for (let step = 0; step < end - FIRST; step += 1) {
    const port = FIRST + ((start - FIRST + step) % (end - FIRST));
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) return port;
  }
  throw new Error(`no free port between ${FIRST} and ${end}`);
}

function lowestOutgoingPort(): number {
  try {
    return Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
  } catch {
    return USUAL_END;
  }
}

function udpIsFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address: LOOPBACK, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function tcpIsFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
