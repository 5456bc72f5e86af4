import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SocketAddress } from "./address.ts";

export interface ProbeServerOptions {
  readonly address: SocketAddress;
  /** What keeps the process from serving, one short sentence each; empty = ready. Asked on every `/readyz`. */
  readonly unready: () => readonly string[];
  /** What keeps SIP sockets from being served here, in the same words; asked on every `/sipz`, which is not found where this is absent. */
  readonly unserved?: () => readonly string[];
  /** Prometheus text of the process's metrics. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface ProbeServer {
  readonly address: SocketAddress;
  close(): Promise<void>;
}

/**
 * `/livez` (200 while the process runs), `/readyz` (200, or 503 with the reasons), `/sipz` (the same for what comes by SIP sockets) and `/metrics` over HTTP.
 * Liveness never depends on readiness: a busy or disconnected process must be taken out of rotation, not restarted.
 * @throws the bind error of the socket (address in use, not permitted)
 */
export function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      send(response, { status: 500, type: "text/plain", body: error instanceof Error ? error.name : "error" });
    });
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.address.port, options.address.host, () => {
      server.off("error", reject);
      const bound = server.address() as AddressInfo;
      resolve({
        address: { host: bound.address, port: bound.port },
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function serve(options: ProbeServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return send(response, { status: 405, type: "text/plain", body: "method not allowed\n" });
  }
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path === "/livez") return send(response, { status: 200, type: "text/plain", body: "ok\n" });
  if (path === "/readyz") return send(response, readiness(options.unready()));
  if (path === "/sipz" && options.unserved !== undefined) return send(response, readiness(options.unserved()));
  if (path === "/metrics") {
    const page = await options.metrics();
    return send(response, { status: 200, type: page.contentType, body: page.body });
  }
  return send(response, { status: 404, type: "text/plain", body: "not found\n" });
}

function readiness(reasons: readonly string[]): Page {
  if (reasons.length === 0) return { status: 200, type: "text/plain", body: "ok\n" };
  return { status: 503, type: "text/plain", body: reasons.map((reason) => `${reason}\n`).join("") };
}

function send(response: ServerResponse, page: Page): void {
  response.writeHead(page.status, { "content-type": page.type, "cache-control": "no-store" });
  response.end(page.body);
}
