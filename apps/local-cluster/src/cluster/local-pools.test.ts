import type { Pool } from "@tandem/domain";
import { until } from "@tandem/testkit";
import { describePoolScaler } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { LocalPools, type PoolProcess } from "./local-pools.ts";

const east: Pool = { name: "east", edges: 1, workers: 1, listeners: [] };

/** Pools whose processes are only names; `log` holds what was started and ended, in order. */
function pretended() {
  const running = new Map<string, PoolProcess>();
  const log: string[] = [];
  const nameOf = ({ role, number }: Pick<PoolProcess, "role" | "number">): string => `${role}-${number}`;
  const put = (role: PoolProcess["role"], number: number): void => {
    running.set(nameOf({ role, number }), { role, number, pool: "east", serves: true });
  };
  put("edge", 1);
  put("worker", 1);
  const told: string[] = [];
  let failing = false;
  const pools = new LocalPools([east], {
    failed: (pool, reason) => told.push(`${pool}: ${reason}`),
    processes: () => [...running.values()],
    start: (role, _pool, number) => {
      const broken = failing;
      failing = false;
      if (broken) return Promise.reject(new Error("no port"));
      log.push(`start ${nameOf({ role, number })}`);
      put(role, number);
      return Promise.resolve();
    },
    end: (process) => {
      log.push(`end ${nameOf(process)}`);
      running.delete(nameOf(process));
    },
  });
  pools.open();
  const failNextStart = (): void => {
    failing = true;
  };
  return { pools, log, running, told, failNextStart };
}

describe("pools of this machine", () => {
  describePoolScaler(() => {
    const { pools } = pretended();
    return Promise.resolve({
      subject: pools,
      another: () => pools,
      elapse: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => pools.close(),
    });
  });

  it("start edges before workers, and end the highest numbers, workers before edges", async () => {
    const { pools, log } = pretended();
    await pools.scale("east", { workers: 2, edges: 2 });
    await until(() => log.length === 2);
    await pools.scale("east", { workers: 1, edges: 1 });
    await until(() => log.length === 4);
    expect(log).toEqual(["start edge-2", "start worker-2", "end worker-2", "end edge-2"]);
  });

  it("a start that throws is told, and neither ends the cluster nor stops the next change", async () => {
    const { pools, log, told, failNextStart } = pretended();
    failNextStart();
    await pools.scale("east", { workers: 2 });
    await pools.scale("east", { workers: 3 });
    await until(() => log.length === 2);
    expect(log).toEqual(["start worker-2", "start worker-3"]);
    expect(told).toEqual(["east: no port"]);
    await pools.close();
  });

  it("a new process takes the lowest free number", async () => {
    const { pools, log, running } = pretended();
    await pools.scale("east", { workers: 3 });
    await until(() => log.length === 2);
    running.delete("worker-2");
    await pools.scale("east", { workers: 4 });
    await until(() => log.length === 4);
    expect(log).toEqual(["start worker-2", "start worker-3", "start worker-2", "start worker-4"]);
  });

  it("change nothing before everything was started, nor while it ends", async () => {
    const { pools, log } = pretended();
    await pools.close();
    expect(await pools.scale("east", { workers: 5 })).toMatchObject({
      ok: false,
      error: { code: "scaler-unavailable" },
    });
    expect(log).toEqual([]);
  });
});
