import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCluster } from "./cluster.ts";
import { livingPidOf } from "./kill.ts";

/** A process of the cluster that no supervisor watches. */
export interface ExtraProcess {
  readonly pid: number;
  /** kill -9; resolves once it is gone. */
  stop(): Promise<void>;
}

const PROJECT = join(import.meta.dirname, "..", "..");

/** Starts one more process like `name`, with other values for some variables of its environment; its log is dropped. */
export async function startLike(
  cluster: TestCluster,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<ExtraProcess> {
  const pid = await livingPidOf(cluster, name);
  const [program = process.execPath, ...args] = entriesOf(`/proc/${pid}/cmdline`);
  const like = Object.fromEntries(entriesOf(`/proc/${pid}/environ`).map(pairOf));
  const child = spawn(program, args, { cwd: PROJECT, env: { ...like, ...environment }, stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function entriesOf(file: string): readonly string[] {
  return readFileSync(file, "utf8").split("\0").slice(0, -1);
}

function pairOf(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return [text.slice(0, equals), text.slice(equals + 1)];
}
