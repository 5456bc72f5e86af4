import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOOPBACK = "127.0.0.1";
const FIRST = 10_000;
const handedOut = new Set<number>();

/**
 * A port of 127.0.0.1 that is free for UDP and TCP and never handed out before in this process. The system is asked about ports below its
 * own range for outgoing connections, so that no connection made meanwhile can take one between the question and its use.
 */
export async function sipPort(): Promise<number> {
  const end = lowestOutgoingPort();
  const start = FIRST + Math.floor(Math.random() * (end - FIRST));
  for (let step = 0; step < end - FIRST; step += 1) {
    const port = FIRST + ((start - FIRST + step) % (end - FIRST));
    if (handedOut.has(port)) continue;
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(`no free port between ${FIRST} and ${end}`);
}

/** So many different free ports. */
export async function sipPorts<Count extends number>(count: Count): Promise<Tuple<Count>> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await sipPort());
  return ports as unknown as Tuple<Count>;
}

/** An array of so many numbers. */
export type Tuple<Count extends number, Built extends readonly number[] = readonly []> = number extends Count
  ? readonly number[]
  : Built["length"] extends Count
    ? Built
    : Tuple<Count, readonly [...Built, number]>;

function lowestOutgoingPort(): number {
  const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  return Number.parseInt(range, 10);
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
