import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a TCP server of 127.0.0.1 that can be cut, as a switch between two hosts can be. */
export interface NetworkLink {
  readonly port: number;
  /** From now on nothing comes through, in either direction, and nobody is told: connections stay open and silent. */
  cut(): void;
  /** What was sent meanwhile was lost; connections of before break, new ones come through. */
  mend(): void;
  close(): Promise<void>;
}

export async function openLink(target: number): Promise<NetworkLink> {
  const sockets = new Set<Socket>();
  let whole = true;
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    hold(near);
    if (!whole) return;
    const far = connect(target, "127.0.0.1");
    hold(far);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes) => whole && into.write(bytes));
      from.on("close", () => whole && into.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a link without a port");
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut: () => (whole = false),
    mend() {
      breakAll();
      whole = true;
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
