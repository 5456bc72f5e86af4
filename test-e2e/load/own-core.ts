import { spawnSync } from "node:child_process";

const TRIES = 5;

/** Moves this process to a core, all its threads. One that ends in the midst of it makes `taskset` fail, though the others moved: then it is told again. */
export function moveTo(core: string): void {
  for (let left = TRIES; left > 0; left -= 1) {
    if (spawnSync("taskset", ["-acp", core, String(process.pid)], { stdio: "ignore" }).status === 0) return;
  }
  throw new Error(`this process cannot be moved to core ${core}`);
}
