import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One redis-server (or Sentinel) process of a fixture, with a directory of its own. */
export interface RedisProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Ends it at once, as a power cut would (SIGKILL), and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: the process hangs, its sockets stay open. */
  pause(): void;
  resume(): void;
}

export interface RedisProcessOptions {
  readonly port: number;
  readonly args: readonly string[];
  /** Called with the directory before the start; returns a configuration file to pass first, for a Sentinel. */
  readonly prepare?: (directory: string) => Promise<string>;
  readonly sentinel?: boolean;
}

const READY = /Ready to accept connections|Sentinel ID is/;
const START_LIMIT_MS = 30_000;

/** Starts `redis-server` of the PATH and resolves once it accepts connections; rejects with its output if it ends before that. */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  const directory = await mkdtemp(join(tmpdir(), "tandem-redis-"));
  const first = options.prepare === undefined ? [] : [await options.prepare(directory)];
  const mode = options.sentinel === true ? ["--sentinel"] : [];
  const args = [...first, ...mode, "--port", String(options.port), "--dir", directory, ...options.args];
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "pipe"] });
  const killWithUs = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", killWithUs);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      process.removeListener("exit", killWithUs);
      resolve();
    });
    child.once("error", () => {
      resolve();
    });
  });
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await ready(child);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    port: options.port,
    pid: child.pid ?? -1,
    kill: end,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    [Symbol.asyncDispose]: end,
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let output = "";
    const limit = setTimeout(() => {
      reject(new Error(`redis-server did not become ready: ${output.slice(-500)}`));
    }, START_LIMIT_MS);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-8_192);
      if (!READY.test(output)) return;
      clearTimeout(limit);
      resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      clearTimeout(limit);
      reject(new Error(`redis-server could not be started (is it installed?): ${error.message}`));
    });
    child.once("exit", (code) => {
      clearTimeout(limit);
      reject(new Error(`redis-server ended with ${String(code)}: ${output.slice(-500)}`));
    });
  });
}

/** Runs `start` again with fresh ports when it failed because somebody took a port in between. */
export async function retryOnPortConflict<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      const conflict = error instanceof Error && /in use|bind:/i.test(error.message);
      if (!conflict || attempt >= 5) throw error;
    }
  }
}
