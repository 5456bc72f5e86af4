import { createServer } from "node:net";

/** Given away by this process: the system may name a port twice before its first owner has bound it. */
const given = new Set<number>();

/** A TCP port of a local address that the system says is free now, another one each time; who binds it must be ready to try another. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = await unusedPort(host);
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

async function unusedPort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has an address with a port");
  return address.port;
}
