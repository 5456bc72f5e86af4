import { until } from "@tandem/testkit";
import type { TestCluster } from "../harness/cluster.ts";
import { pidInLog } from "../harness/kill.ts";
import type { Disturbance, Fault } from "./faults.ts";
import type { PoolAddresses } from "./pool-addresses.ts";

interface MemberBody {
  readonly role: string;
  readonly draining: boolean;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * Longest that the replacement of one process may take. An edge repeats the 2xx of an emergency call until its ACK comes, for 64*T1 (32 s) where the ACK went by another edge and nobody told it
 * yet, as on a slow machine; such a call may come while it drains.
 */
const EACH_MS = 60_000;

/**
 * Replaces every worker and every edge, one after the other, as an orchestrator does: an edge leaves the pool's name first, the process drains on SIGTERM, and
 * the supervisor starts it again.
 */
export class RollingReplacement implements Disturbance {
  readonly #cluster: TestCluster;
  readonly #pool: PoolAddresses;
  readonly done: Fault[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(cluster: TestCluster, pool: PoolAddresses) {
    this.#cluster = cluster;
    this.#pool = pool;
  }

  start(): void {
    this.#running = this.#replaceAll();
    // Whoever stops it hears of a failure; until then it is nobody's surprise.
    this.#running.catch(() => undefined);
  }

  stop(): Promise<void> {
    return this.#running;
  }

  async #replaceAll(): Promise<void> {
    for (const role of ["worker", "edge"] as const) {
      for (const { name, listeners } of this.#cluster.processes.filter((process) => process.role === role)) {
        const address = listeners[0]?.address.split(":")[0] ?? "";
        await this.#untilAllServe();
        this.#pool.withdraw(address);
        await this.#replace(name);
        this.#pool.restore(address);
        this.done.push({ kind: role, target: name, atMs: Date.now() });
      }
    }
  }

  /** As an orchestrator waits for readiness: the others must be able to take what this one leaves. */
  async #untilAllServe(): Promise<void> {
    const wanted = this.#cluster.processes.filter(({ role }) => role === "worker").length;
    await until(
      async () => {
        const { body } = await this.#cluster.api.get("/v1/members");
        const serving = (body as readonly MemberBody[]).filter(
          ({ role, draining, facts }) =>
            role === "worker" && !draining && facts["edges"] !== 0 && facts["topologyVersion"] !== 0,
        );
        return serving.length === wanted;
      },
      { what: "every worker serving", limitMs: EACH_MS, everyMs: 100 },
    );
  }

  async #replace(name: string): Promise<void> {
    const before = pidInLog(this.#cluster.logOf(name)) ?? 0;
    process.kill(before, "SIGTERM");
    await until(() => pidInLog(this.#cluster.logOf(name)) !== before, { what: `${name} anew`, limitMs: EACH_MS });
  }
}
