import { AppProcess, type LogLine } from "@tandem/testkit";

const MAIN = new URL("../src/main.ts", import.meta.url);

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
  const running = new AppProcess(MAIN, { TANDEM_HTTP: "127.0.0.1:0", ...environment });
  const ready = await running.readyLine().catch(async (error: unknown) => {
    await running.kill();
    throw error;
  });
  const { child } = running;
  const http = String(ready["http"]);
  return {
    pid: child.pid ?? -1,
    log: running.lines,
    http,
    kill: () => running.kill(),
    end: (signal) => {
      child.kill(signal);
      return running.exited;
    },
    signal: (signal) => void child.kill(signal),
    metric: (name) => readMetric(http, name),
    [Symbol.asyncDispose]: () => running.kill(),
  };
}

async function readMetric(http: string, name: string): Promise<number | null> {
  const page = await (await fetch(`http://${http}/metrics`)).text();
  const line = page.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(" ") + 1));
}
