import { createServer } from "node:net";

/**
 * A TCP port on loopback that was free a moment ago, below 32768 being as likely as above: the system chooses. Somebody else may take it before it is used;
 * callers retry on a conflict.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}
