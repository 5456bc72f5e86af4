import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { SocketAddress } from "@tandem/runtime";

/** Accepts connections of applications. */
export interface AppListener {
  readonly address: SocketAddress;
  /** Stops accepting; existing connections stay. */
  close(): Promise<void>;
}

/**
 * Listens for applications, in TLS when options for it are given.
 * @throws (rejects with) the system's bind error
 */
export function listenForApps(
  address: SocketAddress,
  tls: TlsOptions | null,
  onConnection: (socket: Socket) => void,
): Promise<AppListener> {
  const server: Server = tls === null ? createServer() : createTlsServer(tls);
  server.on(tls === null ? "connection" : "secureConnection", onConnection);
  // A failed handshake is the client's matter; without a listener its socket error would end the process.
  server.on("tlsClientError", () => undefined);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      const bound = server.address() as AddressInfo;
      resolve({
        address: { host: bound.address, port: bound.port },
        close: () => new Promise((closed) => void server.close(() => closed())),
      });
    });
  });
}
