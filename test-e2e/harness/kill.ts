import { readFileSync } from "node:fs";
import { until } from "@tandem/testkit";
import type { TestCluster } from "./cluster.ts";

interface MemberBody {
  readonly id: string;
  readonly role: string;
  readonly pid: number;
}

/** Process id of the last start that a process's log tells of. */
export function pidInLog(log: string): number | null {
  const line = log.split("\n").findLast((each) => each.includes('"msg":"ready"'));
  const pid = line === undefined ? undefined : (JSON.parse(line) as { readonly pid?: number }).pid;
  return pid ?? null;
}

async function members(cluster: TestCluster): Promise<readonly MemberBody[]> {
  const { status, body } = await cluster.api.get("/v1/members");
  return status === 200 ? (body as readonly MemberBody[]) : [];
}

/** Process id of a process of the cluster now; after a crash it has another than at the start. Edges are no members of it: their log tells. */
export async function pidOf(cluster: TestCluster, name: string): Promise<number> {
  const member = (await members(cluster)).find(({ id }) => id === name);
  return member?.pid ?? pidInLog(cluster.logOf(name)) ?? 0;
}

/** The same, once it is one of a process that lives: what was killed a moment ago, perhaps by another test, is listed until it is there again. */
export async function livingPidOf(cluster: TestCluster, name: string): Promise<number> {
  let pid = 0;
  await until(async () => isAlive((pid = await pidOf(cluster, name))), { what: `${name} started again` });
  return pid;
}

/** Resolves once so many workers are members, each of them alive and serving: after a kill, those the supervisor started again. */
export function untilWorkers(cluster: TestCluster, count: number): Promise<void> {
  return until(
    async () => {
      const workers = (await members(cluster)).filter(({ role }) => role === "worker");
      if (workers.length !== count || !workers.every(({ pid }) => isAlive(pid))) return false;
      const known = workers.filter(({ id }) => cluster.processes.some(({ name }) => name === id));
      return (await Promise.all(known.map(({ id }) => serves(cluster, id)))).every(Boolean);
    },
    { what: `${count} workers`, limitMs: 60_000 },
  );
}

/** It has an edge that brings it requests, and a topology to serve them by. */
export async function serves(cluster: TestCluster, worker: string): Promise<boolean> {
  const facts = ["tandem_edges_connected", "tandem_topology_version"].map((name) => cluster.metric(worker, name));
  return (await Promise.all(facts)).every((value) => value > 0);
}

/** kill -9 of one process by its name, as a crash would; resolves once it is gone. The supervisor starts it again. */
export async function killProcess(cluster: TestCluster, name: string): Promise<void> {
  const pid = await livingPidOf(cluster, name);
  process.kill(pid, "SIGKILL");
  await until(() => !isAlive(pid), { what: `${name} gone` });
}

/** The process that starts others of the cluster again. */
export interface FrozenSupervisor {
  /** It goes on, and starts what was killed meanwhile. */
  thaw(): void;
}

/** Nobody is started again until it is thawed. */
export async function freezeSupervisor(cluster: TestCluster): Promise<FrozenSupervisor> {
  const worker = cluster.processes.find(({ role }) => role === "worker");
  const pid = parentOf(await livingPidOf(cluster, worker?.name ?? ""));
  process.kill(pid, "SIGSTOP");
  return { thaw: () => void process.kill(pid, "SIGCONT") };
}

/** kill -9 while the supervisor is frozen. Its remains stay with that: it is gone when it is a zombie. */
export async function killForGood(cluster: TestCluster, name: string): Promise<void> {
  const pid = await livingPidOf(cluster, name);
  process.kill(pid, "SIGKILL");
  await until(() => /^State:\s+[ZX]/m.test(statusOf(pid)), { what: `${name} gone` });
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(statusOf(pid))?.[1]);
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, "utf8");
}

/** The process is there. 0: there is none. */
export function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
