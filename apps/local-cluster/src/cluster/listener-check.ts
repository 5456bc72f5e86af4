import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { Listener, Pool } from "@tandem/domain";
import { formatSocketAddress, type SocketAddress } from "@tandem/runtime";
import { EXIT, type StartFailure } from "../exit-codes.ts";

/**
 * Binds every listener of the topology once, before any process starts, because here the reason can be told with the listener's name.
 * @returns The first listener that cannot be bound, as one sentence; null when all can.
 */
export async function findListenerProblem(pools: readonly Pool[]): Promise<StartFailure | null> {
  for (const pool of pools.filter(({ edges }) => edges > 0)) {
    for (const listener of pool.listeners.filter(({ port }) => port !== 0)) {
      const code = await tryToBind(listener);
      if (code !== null) return explain(pool, listener, code);
    }
  }
  return null;
}

/** The same for a TCP port that is no listener, such as the control API's; `who` begins the sentence. */
export async function findPortProblem(who: string, { host, port }: SocketAddress): Promise<StartFailure | null> {
  const code = port === 0 ? null : await tryTcp(host, port);
  return code === null ? null : explainCode(`${who} cannot use ${formatSocketAddress({ host, port })}`, code);
}

function explain(pool: Pool, listener: Listener, code: string): StartFailure {
  const where = `${formatSocketAddress({ host: listener.address, port: listener.port })}/${listener.transport}`;
  return explainCode(`Listener ${listener.name} of pool ${pool.name} cannot use ${where}`, code);
}

function explainCode(who: string, code: string): StartFailure {
  switch (code) {
    case "EADDRINUSE":
      return { exitCode: EXIT.portInUse, sentence: `${who}: another program has that port.` };
    case "EACCES":
      return { exitCode: EXIT.missingRights, sentence: `${who}: this user may not open ports below 1024.` };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return { exitCode: EXIT.addressNotHere, sentence: `${who}: the address is not one of this machine.` };
    default:
      return { exitCode: EXIT.processFailed, sentence: `${who} (${code}).` };
  }
}

/** @returns The system's error code, or null when the port was free. */
function tryToBind({ address, port, transport }: Listener): Promise<string | null> {
  return transport === "udp" ? tryUdp(address, port) : tryTcp(address, port);
}

function tryUdp(address: string, port: number): Promise<string | null> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? error.message);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(null)));
  });
}

function tryTcp(address: string, port: number): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
