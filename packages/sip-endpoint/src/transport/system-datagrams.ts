import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { DatagramNetwork, DatagramOptions, DatagramSocket } from "./datagram-network.ts";

/** The system's UDP. */
export const systemDatagrams: DatagramNetwork = {
  bind(options, receiver) {
    const { promise, resolve, reject } = Promise.withResolvers<DatagramSocket>();
    const socket = openSocket(options);
    socket.once("error", reject);
    socket.bind({ address: options.address, port: options.port }, () => {
      socket.off("error", reject);
      socket.on("error", (error) => receiver.onError(error));
      socket.on("message", (bytes, from) => receiver.onDatagram(bytes, from.address, from.port));
      resolve(new SystemDatagramSocket(socket));
    });
    return promise;
  },
};

function openSocket(options: DatagramOptions): Socket {
  const family = isIPv6(options.address) ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // `::` takes IPv6 only, so that a listener on 0.0.0.0 may stand beside it.
    ipv6Only: family === 6,
    recvBufferSize: options.bufferBytes,
    sendBufferSize: options.bufferBytes,
    // Targets are literals. Node's own lookup would put every datagram off to a later turn.
    lookup: (host, _options, done) => done(null, host, family),
  });
}

class SystemDatagramSocket implements DatagramSocket {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  private readonly socket: Socket;
  private closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const bound = socket.address();
    this.address = bound.address;
    this.port = bound.port;
    this.receiveBufferBytes = socket.getRecvBufferSize();
  }

  send(
    text: string,
    target: { readonly address: string; readonly port: number },
    failed: (error: Error) => void,
  ): void {
    if (this.closed) return;
    this.socket.send(Buffer.from(text, "latin1"), target.port, target.address, (error) => {
      if (error !== null) failed(error);
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve) => {
      this.socket.close(() => resolve());
    });
  }
}
