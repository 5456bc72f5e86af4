import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, type Pool, type Result } from "@tandem/domain";
import { formatSocketAddress } from "@tandem/runtime";
import { EXIT, type StartFailure } from "../exit-codes.ts";
import { freePort } from "./free-port.ts";
import { ManagedProcess, type ProcessEvents } from "./managed-process.ts";
import {
  EMERGENCY_HOLD_MS,
  isFused,
  planEdge,
  planWorker,
  type PlanSettings,
  type ProcessPlan,
  type ProcessSlot,
} from "./process-plan.ts";
import type { PoolHands, PoolProcess } from "./local-pools.ts";

export interface ClusterProcessOptions {
  readonly projectFolder: string;
  readonly logFolder: string;
  readonly events: ProcessEvents;
  readonly pools: readonly Pool[];
  readonly edgesFile: string;
  /** Longest a drain waits for the setups in hand, milliseconds. */
  readonly drainMs: number;
}

/** Longest that a process may take to be ready. */
export const READY_LIMIT_MS = 60_000;
/** Beyond its drain, a process may take this long to close. */
const STOP_LIMIT_MS = 5_000;

/** All processes of the cluster, and the file that tells workers which edges there are. */
export class ClusterProcesses {
  readonly #options: ClusterProcessOptions;
  readonly #running: ManagedProcess[] = [];
  readonly #leaving = new Map<ManagedProcess, Promise<void>>();

  constructor(options: ClusterProcessOptions) {
    this.#options = options;
  }

  /** Those that shall run. */
  get all(): readonly ManagedProcess[] {
    return this.#running;
  }

  /** Starts processes and waits until each said that it is ready; the first failure is told. */
  async startAll(plans: readonly ProcessPlan[]): Promise<Result<void, StartFailure>> {
    const processes = plans.map((plan) => this.#create(plan));
    this.#writeEdges();
    const started = await Promise.all(processes.map((process) => this.#start(process)));
    return started.find(({ ok: good }) => !good) ?? ok(undefined);
  }

  /** What pools are scaled with. A process that cannot be started is told to whoever watches. */
  hands(settings: PlanSettings): PoolHands {
    let next = this.#running.length;
    return {
      processes: () => this.#running.flatMap(asPoolProcess),
      start: async (role, pool, number) => {
        const slot = { pool, number, index: next };
        next += 1;
        const plan = role === "edge" ? planEdge(slot, settings) : await planAnyWorker(slot, settings);
        const started = await this.startAll([plan]);
        if (!started.ok) {
          this.#options.events.onWarning(plan.name, { msg: started.error.sentence });
          this.#drop(plan.name);
        }
        this.#writeEdges();
      },
      end: ({ role, pool, number }) => this.#end(`${role}-${pool}-${number}`),
      failed: (pool, reason) => this.#options.events.onWarning(pool, { msg: `pool could not be scaled: ${reason}` }),
    };
  }

  /**
   * Drains in the order that loses nothing:
   * 1. workers, which finish the setups in hand and refuse new ones; fused ones are gone with that;
   * 2. edges, which nobody uses any more, so that they need not drain;
   * 3. the controller, which first delivers the detail records of the calls that just ended, and the control API.
   */
  async stop(): Promise<void> {
    await Promise.all(this.#leaving.values());
    const ofRole = (...roles: readonly string[]) => this.#running.filter(({ plan }) => roles.includes(plan.role));
    await Promise.all(ofRole("worker").map((process) => this.#drain(process, isEdge(process) ? EMERGENCY_HOLD_MS : 0)));
    await Promise.all(ofRole("edge").map((process) => process.stop("SIGINT", STOP_LIMIT_MS)));
    await Promise.all(ofRole("controller", "control-api").map((process) => process.stop("SIGTERM", STOP_LIMIT_MS)));
  }

  /** Ends all at once. */
  kill(): void {
    for (const process of [...this.#running, ...this.#leaving.keys()]) process.kill();
  }

  /** Tells workers which edges there are, those to come included: whole or not at all. */
  #writeEdges(): void {
    const { edgesFile, pools } = this.#options;
    const edgesOf = (pool: string): readonly string[] =>
      this.#running.flatMap(({ plan, ready }) => {
        const admin = plan.role === "edge" ? ready?.admin : plan.environment["TANDEM_ADMIN"];
        return plan.pool === pool && admin ? [admin] : [];
      });
    const known = pools.map(({ name }) => [name, edgesOf(name)] as const).filter(([, edges]) => edges.length > 0);
    writeFileSync(`${edgesFile}.new`, JSON.stringify(Object.fromEntries(known)));
    renameSync(`${edgesFile}.new`, edgesFile);
  }

  #create(plan: ProcessPlan): ManagedProcess {
    const { projectFolder, logFolder, events } = this.#options;
    const logFile = join(logFolder, `${plan.name}.log`);
    const process = new ManagedProcess(plan, { projectFolder, logFile, events });
    this.#running.push(process);
    return process;
  }

  async #start(process: ManagedProcess): Promise<Result<void, StartFailure>> {
    const { plan } = process;
    const outcome = await within(process.start(), READY_LIMIT_MS);
    if (outcome === "late") return failed(`${plan.name} did not become ready within ${READY_LIMIT_MS / 1000} s.`);
    if (outcome.ok) return ok(undefined);
    const { exitCode, lastWords } = outcome.error;
    const words = lastWords === "" ? "it said nothing" : lastWords;
    return failed(`${plan.name} ended before it was ready (code ${String(exitCode)}): ${words}`);
  }

  #end(name: string): void {
    const process = this.#drop(name);
    if (process === null) return;
    this.#writeEdges();
    const gone = this.#drain(process, EMERGENCY_HOLD_MS).then(() => void this.#leaving.delete(process));
    this.#leaving.set(process, gone);
  }

  #drop(name: string): ManagedProcess | null {
    const index = this.#running.findIndex((process) => process.name === name);
    return index < 0 ? null : (this.#running.splice(index, 1)[0] ?? null);
  }

  #drain(process: ManagedProcess, holdMs = 0): Promise<void> {
    return process.stop("SIGTERM", this.#options.drainMs + holdMs + STOP_LIMIT_MS);
  }
}

/** A fused worker waits for emergency calls being set up through its sockets, as an edge does. */
const isEdge = ({ plan }: ManagedProcess): boolean => plan.environment["TANDEM_ADMIN"] !== undefined;

async function planAnyWorker(slot: ProcessSlot, settings: PlanSettings): Promise<ProcessPlan> {
  const { host } = settings.admin;
  const admin = isFused(slot.pool) ? formatSocketAddress({ host, port: await freePort(host) }) : null;
  return planWorker(slot, settings, admin);
}

function asPoolProcess(process: ManagedProcess): readonly PoolProcess[] {
  const { role, pool } = process.plan;
  if (pool === null || (role !== "edge" && role !== "worker")) return [];
  return [{ role, pool, number: Number(process.name.split("-").at(-1)), serves: process.serves }];
}

function within<T>(work: Promise<T>, limitMs: number): Promise<T | "late"> {
  const giveUp = new AbortController();
  const late = delay(limitMs, "late" as const, { signal: giveUp.signal }).catch(() => "late" as const);
  return Promise.race([work, late]).finally(() => giveUp.abort());
}

function failed(sentence: string): { readonly ok: false; readonly error: StartFailure } {
  return err({ exitCode: EXIT.processFailed, sentence });
}
