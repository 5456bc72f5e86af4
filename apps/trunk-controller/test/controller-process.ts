import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { until } from "@tandem/testkit";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** One line of a process's log. */
type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A real controller process under test. */
export interface ControllerUnderTest extends AsyncDisposable {
  readonly pid: number;
  readonly log: readonly LogLine[];
  readonly http: string;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end and gives its exit code. */
  end(signal: "SIGTERM" | "SIGINT"): Promise<number | null>;
  signal(signal: "SIGHUP" | "SIGSTOP" | "SIGCONT"): void;
  metric(name: string): Promise<number | null>;
}

/** Starts a controller and waits until it says it is ready. */
export async function startController(environment: Readonly<Record<string, string>>): Promise<ControllerUnderTest> {
  const child = spawn(process.execPath, ["--conditions=@tandem/source", MAIN], {
    env: { PATH: process.env["PATH"] ?? "", TANDEM_HTTP: "127.0.0.1:0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: LogLine[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => log.push(JSON.parse(line) as LogLine));
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  const readyLine = (): LogLine | undefined => log.find(({ msg }) => msg === "ready");
  try {
    await until(() => readyLine() !== undefined || child.exitCode !== null, { what: "the ready line" });
  } catch (error) {
    await kill();
    throw error;
  }
  const ready = readyLine();
  if (ready === undefined) throw new Error(`the controller ended: ${errors.join("; ")}`);
  const http = String(ready["http"]);
  return {
    pid: child.pid ?? -1,
    log,
    http,
    kill,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
    signal: (signal) => void child.kill(signal),
    metric: (name) => readMetric(http, name),
    [Symbol.asyncDispose]: kill,
  };
}

async function readMetric(http: string, name: string): Promise<number | null> {
  const page = await (await fetch(`http://${http}/metrics`)).text();
  const line = page.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(" ") + 1));
}
