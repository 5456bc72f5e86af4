import { spawnSync } from "node:child_process";

/** Cores of a comparison: of the load, and of what is measured. */
export const SIPP_CORE = "0";
export const ELEMENT_CORE = "1";

const TRIES = 5;

/** Moves this process to a core, all its threads. One that ends in the midst of it makes `taskset` fail, though the others moved: then it is told again. */
export function moveTo(core: string): void {
  for (let left = TRIES; left > 0; left -= 1) {
    if (spawnSync("taskset", ["-acp", core, String(process.pid)], { stdio: "ignore" }).status === 0) return;
  }
  throw new Error(`this process cannot be moved to core ${core}`);
}
