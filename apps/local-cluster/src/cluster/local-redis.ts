import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { err, ok, type Result } from "@tandem/domain";
import { EXIT, type StartFailure } from "../exit-codes.ts";
import { freePort } from "./free-port.ts";

/** The cluster's own Redis. */
export interface LocalRedis {
  readonly url: string;
  readonly pid: number;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** Another program may take a free port between the question and the bind. */
const PORT_ATTEMPTS = 5;

/** Starts a `redis-server` of the PATH on loopback, without persistence: its calls end with the cluster. */
export async function startLocalRedis(folder: string): Promise<Result<LocalRedis, StartFailure>> {
  let words = "";
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const started = await launch(folder, await freePort());
    if (started.ok) return started;
    words = started.error;
    if (!/in use|bind/i.test(words)) break;
  }
  return err({
    exitCode: EXIT.redisUnreachable,
    sentence: `redis-server did not start: ${words || "it said nothing"}.`,
  });
}

function launch(folder: string, port: number): Promise<Result<LocalRedis, string>> {
  const storage = ["--dir", folder, "--save", "", "--appendonly", "no"];
  const network = ["--bind", "127.0.0.1", "--port", String(port)];
  const child = spawn("redis-server", [...network, ...storage], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return new Promise((resolve) => {
    let lastWords = "";
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        // Redis writes "<pid>:<role> <date> <mark> <text>".
        lastWords = line.replace(/^\d+:\w .{24} [.\-*#] /, "").trim() || lastWords;
        if (/Ready to accept connections/.test(line)) resolve(ok(running(child, exited, port)));
      });
    }
    child.once("error", (error) => resolve(err(error.message)));
    child.once("close", () => resolve(err(lastWords)));
  });
}

function running(child: ChildProcess, exited: Promise<void>, port: number): LocalRedis {
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? -1,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
