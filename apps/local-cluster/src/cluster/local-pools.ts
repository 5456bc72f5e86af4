import { randomBytes } from "node:crypto";
import type { PoolScale, PoolScaler, PoolSize, WantedPoolSize } from "@tandem/call-control";
import { poolSizeProblem } from "@tandem/call-control";
import { err, ok, type Failure, type Pool, type Result } from "@tandem/domain";

import { isFused } from "./process-plan.ts";

type ScaledRole = "edge" | "worker";

/** One process of a pool as the scaler sees it. */
export interface PoolProcess {
  readonly role: ScaledRole;
  readonly pool: string;
  /** From 1 within the pool and role. */
  readonly number: number;
  /** True while it runs and has said that it is ready. */
  readonly serves: boolean;
}

/** How processes of pools come and go. */
export interface PoolHands {
  /** Those that shall run: started and not being ended. */
  readonly processes: () => readonly PoolProcess[];
  /** Resolves once it runs or failed to; a failure is told to people and tried again with the next change. */
  readonly start: (role: ScaledRole, pool: Pool, number: number) => Promise<void>;
  /** Drains and ends it; from the call on it is not among the processes. */
  readonly end: (process: PoolProcess) => void;
  /** Tells people that a change of that pool broke off; it is tried again with the next change. */
  readonly failed: (pool: string, reason: string) => void;
}

/** Scales the pools of this machine: the highest numbers go first, a new process takes the lowest free number. */
export class LocalPools implements PoolScaler {
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #hands: PoolHands;
  readonly #desired = new Map<string, PoolSize>();
  #changing: Promise<void> = Promise.resolve();
  #open = false;

  constructor(pools: readonly Pool[], hands: PoolHands) {
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.#hands = hands;
    for (const pool of pools) {
      this.#desired.set(pool.name, { workers: pool.workers, edges: isFused(pool) ? 0 : pool.edges });
    }
  }

  /** From now on sizes may change: everything the topology wants has been started. */
  open(): void {
    this.#open = true;
  }

  /** No further change; resolves when the one under way is done. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#changing;
  }

  async scale(name: string, wanted: WantedPoolSize): Promise<Result<PoolScale, Failure>> {
    const pool = this.#pools.get(name);
    const before = this.#desired.get(name);
    if (pool === undefined || before === undefined) return unknownPool(name);
    const problem = poolSizeProblem(wanted);
    if (problem !== null) return err({ code: "bad-request", detail: problem });
    if (wanted.edges !== undefined && isFused(pool)) {
      return err({ code: "not-implemented", detail: "a fused pool has no edges besides its workers" });
    }
    if (!this.#open) return err({ code: "scaler-unavailable", detail: "the cluster is starting or ending" });
    this.#desired.set(name, { workers: wanted.workers, edges: wanted.edges ?? before.edges });
    this.#changing = this.#changing
      .then(() => this.#converge(pool))
      .catch((thrown: unknown) => {
        this.#hands.failed(name, thrown instanceof Error ? thrown.message : String(thrown));
      });
    return this.read(name);
  }

  async read(name: string): Promise<Result<PoolScale, Failure>> {
    const desired = this.#desired.get(name);
    if (desired === undefined) return unknownPool(name);
    const serving = (role: ScaledRole): number => this.#of(name, role).filter(({ serves }) => serves).length;
    return ok({ desired, current: { workers: serving("worker"), edges: serving("edge") } });
  }

  async #converge(pool: Pool): Promise<void> {
    if (!this.#open) return;
    const { workers, edges } = this.#desired.get(pool.name) ?? pool;
    // Edges first when they come, last when they go: workers need an edge to be of use.
    await this.#grow(pool, "edge", edges);
    await this.#grow(pool, "worker", workers);
    this.#shrink(pool, "worker", workers);
    this.#shrink(pool, "edge", edges);
  }

  async #grow(pool: Pool, role: ScaledRole, wanted: number): Promise<void> {
    const taken = new Set(this.#of(pool.name, role).map(({ number }) => number));
    const starts: Promise<void>[] = [];
    for (let number = 1; taken.size < wanted; number += 1) {
      if (taken.has(number)) continue;
      taken.add(number);
      starts.push(this.#hands.start(role, pool, number));
    }
    await Promise.all(starts);
  }

  #shrink(pool: Pool, role: ScaledRole, wanted: number): void {
    const running = [...this.#of(pool.name, role)].sort((one, other) => one.number - other.number);
    for (const surplus of running.slice(wanted)) this.#hands.end(surplus);
  }

  #of(pool: string, role: ScaledRole): readonly PoolProcess[] {
    return this.#hands.processes().filter((process) => process.pool === pool && process.role === role);
  }
}

/** The token that the control API shows to this supervisor. */
export function supervisorToken(): string {
  return randomBytes(24).toString("hex");
}

function unknownPool(name: string): Result<PoolScale, Failure> {
  return err({ code: "not-found", detail: `no pool "${name}" runs here` });
}
