import { describe, expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import { bindShutdown, type ShutdownSteps } from "./shutdown.ts";

interface Rig {
  readonly done: string[];
  readonly signal: (name: "SIGTERM" | "SIGINT") => void;
  readonly exited: Promise<number>;
}

function rig(steps: Partial<ShutdownSteps> = {}): Rig {
  const done: string[] = [];
  const listeners = new Map<string, () => void>();
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  bindShutdown({
    logger: createLogger({ name: "test", level: "silent" }),
    drain: () => Promise.resolve(void done.push("drain")),
    stop: () => Promise.resolve(void done.push("stop")),
    drainTimeoutMs: 1_000,
    stopTimeoutMs: 1_000,
    ...steps,
    host: { on: (name, listener) => void listeners.set(name, listener), exit },
  });
  return { done, exited, signal: (name) => listeners.get(name)?.() };
}

const never = (): Promise<void> => new Promise(() => undefined);

describe("bindShutdown", () => {
  test("SIGTERM drains, then stops, then exits 0", async () => {
    const process = rig();
    process.signal("SIGTERM");
    expect(await process.exited).toBe(0);
    expect(process.done).toEqual(["drain", "stop"]);
  });

  test("SIGINT stops without draining", async () => {
    const process = rig();
    process.signal("SIGINT");
    expect(await process.exited).toBe(0);
    expect(process.done).toEqual(["stop"]);
  });

  test("a second signal exits at once", async () => {
    const process = rig({ drain: never });
    process.signal("SIGTERM");
    process.signal("SIGINT");
    expect(await process.exited).toBe(1);
    expect(process.done).toEqual([]);
  });

  test("a drain that never ends is cut off, and the process still stops", async () => {
    const process = rig({ drain: never, drainTimeoutMs: 5 });
    process.signal("SIGTERM");
    expect(await process.exited).toBe(1);
    expect(process.done).toEqual(["stop"]);
  });

  test("what may not be cut off is waited for beyond the bound, and no longer than it lasts", async () => {
    let holds = true;
    const asked: boolean[] = [];
    const hold = {
      holds: () => {
        asked.push(holds);
        // Gone at the third look.
        holds = asked.length < 2;
        return asked.at(-1) === true;
      },
      timeoutMs: 60_000,
    };
    const process = rig({ drain: never, drainTimeoutMs: 5, hold });
    process.signal("SIGTERM");
    expect(await process.exited).toBe(1);
    expect([process.done, asked]).toEqual([["stop"], [true, true, false]]);
  });

  test("what may not be cut off is waited for in bounded time", async () => {
    const process = rig({ drain: never, drainTimeoutMs: 5, hold: { holds: () => true, timeoutMs: 5 } });
    process.signal("SIGTERM");
    expect(await process.exited).toBe(1);
    expect(process.done).toEqual(["stop"]);
  });

  test.each([
    ["a drain that ended in time", "SIGTERM"],
    ["SIGINT", "SIGINT"],
  ] as const)("after %s nothing is asked", async (_what, signal) => {
    const hold = {
      holds: () => {
        throw new Error("asked");
      },
      timeoutMs: 60_000,
    };
    const process = rig({ hold });
    process.signal(signal);
    expect(await process.exited).toBe(0);
  });

  test("a failing drain does not keep the process from stopping", async () => {
    const process = rig({ drain: () => Promise.reject(new Error("boom")) });
    process.signal("SIGTERM");
    expect(await process.exited).toBe(1);
    expect(process.done).toEqual(["stop"]);
  });
});
