import { err, ok, type Failure, type Result } from "@tandem/domain";
import { poolSizeProblem } from "../live/pool-size.ts";
import type { PoolScale, PoolScaler, PoolSize, WantedPoolSize } from "../ports/index.ts";

/** The PoolScaler contract in memory: every change has happened at once. */
export class FakePoolScaler implements PoolScaler {
  readonly sizes: Map<string, PoolSize>;
  /** The orchestrator cannot be reached. */
  away = false;

  constructor(sizes: Readonly<Record<string, PoolSize>>) {
    this.sizes = new Map(Object.entries(sizes));
  }

  async scale(pool: string, wanted: WantedPoolSize): Promise<Result<PoolScale, Failure>> {
    const before = await this.read(pool);
    if (!before.ok) return before;
    const problem = poolSizeProblem(wanted);
    if (problem !== null) return err({ code: "bad-request", detail: problem });
    this.sizes.set(pool, { ...before.value.desired, ...wanted });
    return this.read(pool);
  }

  read(pool: string): Promise<Result<PoolScale, Failure>> {
    if (this.away) return Promise.resolve(err({ code: "scaler-unavailable", detail: "the fake is away" }));
    const size = this.sizes.get(pool);
    if (size === undefined) return Promise.resolve(err({ code: "not-found", detail: `no pool "${pool}" here` }));
    return Promise.resolve(ok({ desired: size, current: size }));
  }
}
