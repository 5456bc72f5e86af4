import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, type Result } from "@tandem/domain";
import { keepAddresses } from "./keep-addresses.ts";
import type { ProcessPlan } from "./process-plan.ts";
import { readReadyLine, type ReadyLine } from "./ready-line.ts";

/** What a process tells the person who watches. */
export interface ProcessEvents {
  /** It ended though nobody asked it to and is started again after `againInMs`. */
  onCrash(process: string, how: string, againInMs: number): void;
  onRestarted(process: string): void;
  /** A log entry of level warning or above (pino: 40 …). */
  onWarning(process: string, entry: Readonly<Record<string, unknown>>): void;
}

export interface ManagedProcessOptions {
  /** The project's top folder. */
  readonly projectFolder: string;
  readonly logFile: string;
  readonly events: ProcessEvents;
}

/** How a process failed to become ready: how it ended and the last thing it said. */
export interface ProcessFailure {
  readonly exitCode: number | null;
  readonly lastWords: string;
}

const FLAGS = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning", "--enable-source-maps"];
/** A call costs less without the engine's middle compiler (docs/performance.md). The images start edges and workers the same way. */
const CALL_FLAGS = ["--no-maglev", "--no-lazy-feedback-allocation"];

const WARNING_LEVEL = 40;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 8_000;
/** A process that ran this long starts again at the first backoff. */
const STEADY_MS = 30_000;

/** One child process of the cluster: started, watched, started again when it crashes, stopped within a bound. */
export class ManagedProcess {
  readonly name: string;
  #plan: ProcessPlan;
  #ready: ReadyLine | null = null;
  #child: ChildProcess | null = null;
  #readyChild: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #stopping = false;
  #crashes = 0;
  #readySince = 0;
  #lastWords = "";
  readonly #options: ManagedProcessOptions;
  readonly #log: WriteStream;

  constructor(plan: ProcessPlan, options: ManagedProcessOptions) {
    this.name = plan.name;
    this.#plan = plan;
    this.#options = options;
    this.#log = createWriteStream(options.logFile, { flags: "a" });
  }

  get plan(): ProcessPlan {
    return this.#plan;
  }

  /** The addresses it bound, once it was ready. */
  get ready(): ReadyLine | null {
    return this.#ready;
  }

  /** Process id while it runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** True while it runs and has said that it is ready. */
  get serves(): boolean {
    return this.#child !== null && this.#child === this.#readyChild;
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<Result<ReadyLine, ProcessFailure>> {
    const first = await this.#launch();
    if (!first.ok) return first;
    this.#plan = keepAddresses(this.#plan, first.value);
    return first;
  }

  /** Asks it to drain (SIGTERM) or to stop (SIGINT); after `limitMs` it is killed. Resolves when it is gone. */
  async stop(signal: "SIGTERM" | "SIGINT", limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#child?.kill(signal);
    const giveUp = new AbortController();
    const late = delay(limitMs, "late" as const, { signal: giveUp.signal }).catch(() => "gone" as const);
    if ((await Promise.race([this.#exited, late])) === "late") this.kill();
    await this.#exited;
    giveUp.abort();
    await new Promise<void>((resolve) => this.#log.end(() => resolve()));
  }

  /** Ends it at once and for good. */
  kill(): void {
    this.#stopping = true;
    this.#child?.kill("SIGKILL");
  }

  #launch(): Promise<Result<ReadyLine, ProcessFailure>> {
    const { projectFolder } = this.#options;
    const { app, role } = this.#plan;
    const flags = role === "edge" || role === "worker" ? [...FLAGS, ...CALL_FLAGS] : FLAGS;
    const child = spawn(process.execPath, [...flags, `apps/${app}/src/main.ts`], {
      cwd: projectFolder,
      env: { ...process.env, ...this.#plan.environment },
      // A group of its own: a Ctrl-C at the terminal is for the supervisor, which stops the others in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#lastWords = "";
    return new Promise((resolve) => {
      this.#exited = this.#watchExit(child, (failure) => resolve(err(failure)));
      this.#readOutput(child, (ready) => {
        this.#ready = ready;
        this.#readyChild = child;
        this.#readySince = Date.now();
        resolve(ok(ready));
      });
    });
  }

  #watchExit(child: ChildProcess, failed: (failure: ProcessFailure) => void): Promise<void> {
    return new Promise((resolve) => {
      const ended = (code: number | null, how: string): void => {
        const wasReady = this.#readySince > 0;
        if (this.#child === child) this.#child = null;
        failed({ exitCode: code, lastWords: this.#lastWords });
        resolve();
        if (wasReady && !this.#stopping) this.#startAgain(how);
      };
      child.once("error", (error) => ended(null, error.message));
      // `close` comes after the last output was read, so that the last words are complete.
      child.once("close", (code, signal) => ended(code, signal ?? `code ${String(code)}`));
    });
  }

  #startAgain(how: string): void {
    if (Date.now() - this.#readySince > STEADY_MS) this.#crashes = 0;
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#crashes, LONGEST_BACKOFF_MS);
    this.#crashes += 1;
    this.#options.events.onCrash(this.name, how, backoffMs);
    setTimeout(() => {
      if (this.#stopping) return;
      void this.#launch().then((again) => {
        if (again.ok) this.#options.events.onRestarted(this.name);
      });
    }, backoffMs).unref();
  }

  #readOutput(child: ChildProcess, onReady: (ready: ReadyLine) => void): void {
    if (child.stdout === null || child.stderr === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#log.write(`${line}\n`);
      const entry = parseEntry(line);
      const ready = readReadyLine(entry);
      if (ready !== null) onReady(ready);
      if (typeof entry["level"] === "number" && entry["level"] >= WARNING_LEVEL) {
        const cause = (entry["err"] as { readonly message?: unknown } | undefined)?.message;
        this.#lastWords = typeof cause === "string" ? `${String(entry["msg"])}: ${cause}` : String(entry["msg"]);
        this.#options.events.onWarning(this.name, entry);
      }
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#log.write(`${line}\n`);
      if (line.trim() !== "") this.#lastWords = line.trim();
    });
  }
}

function parseEntry(line: string): Readonly<Record<string, unknown>> {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
