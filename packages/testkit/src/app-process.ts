import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "./redis/until.ts";

/** One line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A process of ours under test, from its source, with nothing in its environment but what is given. Its log goes to standard output, a line of JSON each. */
export class AppProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly lines: LogLine[] = [];
  errors = "";

  constructor(main: URL, environment: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, ["--conditions=@tandem/source", fileURLToPath(main)], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.exited = once(child, "exit").then(([code]) => code as number | null);
    child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    createInterface(child.stdout).on("line", (text) => this.lines.push(JSON.parse(text) as LogLine));
  }

  /** Waits for the line that says it is ready; rejects when it ends before. */
  async readyLine(): Promise<LogLine> {
    const ready = (): LogLine | undefined => this.lines.find(({ msg }) => msg === "ready");
    const { child } = this;
    const decided = (): boolean => ready() !== undefined || child.exitCode !== null || child.signalCode !== null;
    await until(decided, { what: "the ready line", limitMs: 60_000 });
    const line = ready();
    if (line === undefined) throw new Error(`ended with ${String(child.exitCode ?? child.signalCode)}: ${this.errors}`);
    return line;
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
