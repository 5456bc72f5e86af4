import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { until } from "./until.ts";

const run = promisify(execFile);

/** Resolves once a replica follows the empty server at this port of 127.0.0.1 so closely that a write of now has arrived. */
export function untilReplicated(primaryPort: number): Promise<void> {
  const confirmed = async (): Promise<boolean> => {
    const asked = run("redis-cli", ["-p", String(primaryPort)]);
    // On one connection: WAIT asks for the writes of its own.
    asked.child.stdin?.end("flushall\nwait 1 1000\n");
    const { stdout } = await asked;
    return stdout.trim().endsWith("1");
  };
  return until(confirmed, { what: `a replica in sync with ${String(primaryPort)}` });
}
