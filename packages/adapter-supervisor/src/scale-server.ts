import { timingSafeEqual, createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { PoolScale, PoolScaler } from "@tandem/call-control";
import { err, failureEntry, type Failure, type Result } from "@tandem/domain";
import { formatSocketAddress, type SocketAddress } from "@tandem/runtime";
import { scaleRequest } from "./scale-messages.ts";

/** The supervisor's side, bound. */
export interface ScaleServer {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

export interface ScaleServerOptions {
  readonly address: SocketAddress;
  /** What requests must carry as bearer token. */
  readonly token: string;
}

const LARGEST_BODY = 1_024;

/**
 * Offers a scaler to the control API over HTTP.
 * @throws (rejects with) the bind error of the socket
 */
export function serveScaler(scaler: PoolScaler, { address, token }: ScaleServerOptions): Promise<ScaleServer> {
  const server = createServer((request, response) => {
    const say = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    answer(scaler, token, request).then(
      (result) => {
        if (result.ok) return say(200, result.value);
        const { code, detail } = result.error;
        say(failureEntry(code).http, { code, detail });
      },
      // The cluster outlives a scaler that throws.
      () => say(500, { detail: "the scaler failed" }),
    );
  });
  server.requestTimeout = 5_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      const bound = server.address() as AddressInfo;
      resolve({
        url: `http://${formatSocketAddress({ host: bound.address, port: bound.port })}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(
  scaler: PoolScaler,
  token: string,
  request: IncomingMessage,
): Promise<Result<PoolScale, Failure>> {
  if (!isToken(request.headers.authorization, token)) return refuse("unauthorised", "no token, or another one");
  const pool = /^\/pools\/([^/?]+)$/.exec(request.url ?? "")?.[1];
  if (pool === undefined) return refuse("not-found", "no such resource");
  const name = decoded(pool);
  if (name === null) return refuse("bad-request", "the pool's name is no percent-encoded UTF-8");
  if (request.method === "GET") return scaler.read(name);
  if (request.method !== "PUT") return refuse("not-found", "no such method");
  const wanted = await readWanted(request);
  return wanted === null ? refuse("bad-request", "expected workers and edges as numbers") : scaler.scale(name, wanted);
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

async function readWanted(request: IncomingMessage) {
  let text = "";
  try {
    for await (const chunk of request) {
      text += String(chunk);
      if (text.length > LARGEST_BODY) return null;
    }
    const { workers, edges } = scaleRequest.parse(JSON.parse(text));
    return edges === undefined ? { workers } : { workers, edges };
  } catch {
    return null;
  }
}

function refuse(code: Failure["code"], detail: string): Result<PoolScale, Failure> {
  return err({ code, detail });
}

/** Compared as digests: neither length nor content of the token shows in the time it takes. */
function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}
