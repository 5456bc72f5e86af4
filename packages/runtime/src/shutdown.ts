import { faultOf } from "@tandem/domain";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "./exit-codes.ts";
import type { Logger } from "./logger.ts";

export interface ShutdownSteps {
  readonly logger: Logger;
  /** SIGTERM: stop taking new work, wait for what is under way. */
  readonly drain: () => Promise<void>;
  /** Closes everything; runs after the drain, or at once on SIGINT. */
  readonly stop: () => Promise<void>;
  /** Longest the drain may take before `stop` runs anyway. */
  readonly drainTimeoutMs: number;
  /** What may not be cut off when the drain's bound is reached. Default: nothing. */
  readonly hold?: ShutdownHold;
  /** Longest `stop` may take before the process ends anyway. */
  readonly stopTimeoutMs: number;
  /** The process's signals and end; replaced in tests. */
  readonly host?: ShutdownHost;
}

/** Work that a drain waits for beyond its bound: `stop` follows at once when the last of it is gone. */
interface ShutdownHold {
  /** True while such work is under way. */
  readonly holds: () => boolean;
  /** Longest that it is waited for after the drain's bound, milliseconds. */
  readonly timeoutMs: number;
}

/** How often held work is looked at, milliseconds. */
const HOLD_LOOK_MS = 100;

/** What shutdown needs of the process. */
export interface ShutdownHost {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): void;
  exit(code: number): void;
}

const processHost: ShutdownHost = {
  on: (signal, listener) => void process.on(signal, listener),
  exit: (code) => process.exit(code),
};

/**
 * Binds the process's end to its signals:
 * 1. SIGTERM runs `drain`, then `stop`, then exits 0. Each step is bounded in time. A drain that is late is waited for no longer, but for what `hold` names.
 * 2. SIGINT runs `stop` only.
 * 3. A second signal of either kind exits at once with 1.
 * A step that fails is logged, the next one runs, and the exit code is 1. Returns a trigger for tests and for fatal faults.
 */
export function bindShutdown(steps: ShutdownSteps): (mode: "drain" | "stop") => Promise<void> {
  const host = steps.host ?? processHost;
  let begun = false;
  const begin = async (mode: "drain" | "stop"): Promise<void> => {
    if (begun) return host.exit(EXIT.failure);
    begun = true;
    steps.logger.info({ mode }, "shutting down");
    const drained = mode === "stop" || (await bounded(steps, "drain", steps.drainTimeoutMs));
    if (!drained) await held(steps);
    const stopped = await bounded(steps, "stop", steps.stopTimeoutMs);
    steps.logger.info("stopped");
    host.exit(drained && stopped ? EXIT.ok : EXIT.failure);
  };
  host.on("SIGTERM", () => void begin("drain"));
  host.on("SIGINT", () => void begin("stop"));
  return begin;
}

/** Waits for what may not be cut off, in bounded time. */
async function held({ hold, logger }: ShutdownSteps): Promise<void> {
  if (hold?.holds() !== true) return;
  const sinceMs = performance.now();
  logger.info({ timeoutMs: hold.timeoutMs }, "drain goes on for what may not be cut off");
  while (hold.holds()) {
    if (performance.now() - sinceMs >= hold.timeoutMs) {
      return logger.warn({ timeoutMs: hold.timeoutMs }, "what may not be cut off took too long");
    }
    await delay(HOLD_LOOK_MS);
  }
}

/** Runs one step; false when it failed or took too long. */
async function bounded(steps: ShutdownSteps, step: "drain" | "stop", timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
  });
  try {
    if ((await Promise.race([steps[step](), late])) !== "late") return true;
    steps.logger.warn({ step, timeoutMs }, "shutdown step took too long");
    return false;
  } catch (error) {
    steps.logger.error({ step, ...faultOf(error) }, "shutdown step failed");
    return false;
  } finally {
    clearTimeout(timer);
  }
}
