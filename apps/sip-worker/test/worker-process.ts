import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const MAIN = new URL("../src/main.ts", import.meta.url).pathname;

/** A sip-worker in a process of its own. */
export class WorkerProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly lines: Record<string, unknown>[] = [];
  errors = "";
  readonly #ready: Promise<Record<string, unknown>>;

  constructor(environment: Record<string, string>) {
    this.child = spawn(process.execPath, ["--conditions=@tandem/source", MAIN], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = once(this.child, "exit").then(([code]) => code as number | null);
    this.child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#ready = promise;
    if (this.child.stdout === null) throw new Error("no output");
    createInterface(this.child.stdout).on("line", (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      this.lines.push(entry);
      if (entry["msg"] === "ready") resolve(entry);
    });
  }

  /** Waits for the ready line; gives the base URL of the probe server. */
  async ready(): Promise<string> {
    const early = this.exited.then((code) => Promise.reject(new Error(`ended with ${String(code)}: ${this.errors}`)));
    const entry = await Promise.race([this.#ready, early]);
    return `http://${String(entry["http"])}`;
  }

  /** Port of a listener, once it is ready; of a fused worker only. */
  port(listener: string): number {
    const entry = this.lines.find(({ msg }) => msg === "ready");
    const listeners = (entry?.["listeners"] ?? []) as readonly { readonly name: string; readonly address: string }[];
    return Number(
      listeners
        .find(({ name }) => name === listener)
        ?.address.split(":")
        .at(-1),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}
