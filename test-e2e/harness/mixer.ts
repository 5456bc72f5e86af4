import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "@tandem/testkit";

/** A media mixer in a process of its own. */
export interface TestMixer {
  /** Its control port, `host:port`. */
  readonly control: string;
  /** Lets it stand still (SIGSTOP). */
  hold(): void;
  /** And go on (SIGCONT). */
  wake(): void;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
}

const PROJECT = join(import.meta.dirname, "..", "..");
const ENTRY = join(PROJECT, "apps", "media-mixer", "src", "main.ts");
const CALLS = 10;
/** Three even ones a call, wherever the first one is. */
const PORTS = 6 * CALLS;

/** Starts a mixer on loopback; resolves once it serves. */
export async function startMixer(): Promise<TestMixer> {
  const control = `127.0.0.1:${await freePort()}`;
  const first = await freePort();
  const environment = {
    TANDEM_HTTP: "127.0.0.1:0",
    TANDEM_MIXER_CONTROL: control,
    TANDEM_MIXER_ADDRESS: "127.0.0.1",
    TANDEM_MIXER_PORT_MIN: String(first),
    TANDEM_MIXER_PORT_MAX: String(first + PORTS),
    TANDEM_MIXER_MAX_CALLS: String(CALLS),
  };
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, ENTRY], {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const killWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const ready = new Promise<"ready">((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.includes(control)) resolve("ready");
    });
  });
  const gone = exited.then(() => "gone" as const);
  if ((await Promise.race([ready, gone])) === "gone") throw new Error("the mixer did not start");
  return {
    control,
    hold: () => void child.kill("SIGSTOP"),
    wake: () => void child.kill("SIGCONT"),
    async kill() {
      child.kill("SIGKILL");
      await exited;
      process.removeListener("exit", killWithUs);
    },
  };
}
