import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { freePort } from "../ports/free-port.ts";
import { retryOnPortConflict, startRedisProcess, type RedisProcess } from "./redis-process.ts";

/** What every Redis fixture offers: a URL for `connectRedis` and an end. */
export interface RedisFixture extends AsyncDisposable {
  readonly url: string;
  /** Empties it, so that tests can share one. Work that outlives a test needs a Redis of its own. */
  flush(): Promise<void>;
}

/** One stand-alone Redis without persistence. */
export interface RedisServerFixture extends RedisFixture {
  readonly process: RedisProcess;
}

export interface RedisServerOptions {
  readonly port?: number;
  readonly password?: string;
  /** Further redis-server arguments, such as `["--maxmemory", "10mb"]`. */
  readonly args?: readonly string[];
}

/** Arguments of a server that keeps nothing on disk and serves loopback only. */
export const VOLATILE = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"];

/** Starts a stand-alone Redis on a free port of 127.0.0.1 (or on `options.port`). */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServerFixture> {
  const secret = options.password === undefined ? [] : ["--requirepass", options.password];
  const args = [...VOLATILE, ...secret, ...(options.args ?? [])];
  const server = await retryOnPortConflict(async () =>
    startRedisProcess({ port: options.port ?? (await freePort()), args }),
  );
  const user = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `redis://${user}127.0.0.1:${String(server.port)}`,
    process: server,
    flush: () => flushAll([server.port], options.password ?? ""),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const run = promisify(execFile);

/** Empties the servers at these ports of 127.0.0.1. */
export async function flushAll(ports: readonly number[], password = ""): Promise<void> {
  const env = password === "" ? process.env : { ...process.env, REDISCLI_AUTH: password };
  await Promise.all(ports.map((port) => run("redis-cli", ["-p", String(port), "flushall"], { env })));
}
