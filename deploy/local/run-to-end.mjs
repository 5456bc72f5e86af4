import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a command and waits for its end.
 * @param {readonly string[]} command Program and arguments.
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} Its exit code; 127 when it could not be started, 128 + signal number when a signal ended it.
 */
export function runToEnd(command, options) {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/**
 * Runs a long-lived command in the foreground in a process group of its own, so that a Ctrl-C reaches it once (from us) and not a second
 * time from the terminal. The ipc channel tells it when we are gone without a signal.
 * @param {readonly string[]} command
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} Exit code as of `runToEnd`.
 */
export function runInForeground(command, options) {
  const [program, ...args] = command;
  const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const forward = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
