import { poolSizeProblem, type PoolScale, type PoolScaler, type WantedPoolSize } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { scaleAnswer, statusAnswer, workloadSize, type WorkloadSize } from "./answers.ts";
import type { KubernetesAccess } from "./cluster-access.ts";
import { askKubernetes, type KubernetesAnswer, type KubernetesRequest } from "./kubernetes-client.ts";
import type { PoolWorkloads, Workload } from "./pool-workloads.ts";

/** A change that crosses another is asked for again this often. */
const TRIES = 3;

/**
 * Pools whose processes Kubernetes runs. The size is set through the `scale` subresource, so the account needs the right to `patch` that of exactly these
 * Deployments, and to `get` their `status`. A pod that goes is sent SIGTERM and drains; its calls are left to the others.
 */
export function createKubernetesScaler(
  access: KubernetesAccess,
  pools: Readonly<Record<string, PoolWorkloads>>,
): PoolScaler {
  const cluster = new Cluster(access);
  const read = async (pool: string): Promise<Result<PoolScale, Failure>> => {
    const workloads = workloadsOf(pools, pool);
    return workloads.ok ? cluster.read(workloads.value) : workloads;
  };
  return {
    read,
    async scale(pool, wanted) {
      const workloads = workloadsOf(pools, pool);
      if (!workloads.ok) return workloads;
      const changes = changesOf(workloads.value, wanted);
      if (!changes.ok) return changes;
      for (const [workload, replicas] of changes.value) {
        const done = await cluster.setSize(workload, replicas);
        if (!done.ok) return done;
      }
      return read(pool);
    },
  };
}

function workloadsOf(pools: Readonly<Record<string, PoolWorkloads>>, pool: string): Result<PoolWorkloads, Failure> {
  const found = Object.hasOwn(pools, pool) ? pools[pool] : undefined;
  return found === undefined ? err({ code: "not-found", detail: `Kubernetes runs no pool "${pool}" here` }) : ok(found);
}

type Change = readonly [workload: Workload, replicas: number];

/** Judged as a whole before anything is changed. */
function changesOf({ workers, edges }: PoolWorkloads, wanted: WantedPoolSize): Result<readonly Change[], Failure> {
  const problem = poolSizeProblem(wanted);
  if (problem !== null) return err({ code: "bad-request", detail: problem });
  const together = workers.name === edges.name;
  if (together && wanted.edges !== undefined && wanted.edges !== wanted.workers) {
    return notImplemented("edges and workers of this pool share their pods: ask for as many of both");
  }
  const changes: Change[] = [[workers, wanted.workers]];
  if (wanted.edges !== undefined && !together) changes.push([edges, wanted.edges]);
  const fixed = changes.find(([workload]) => workload.fixed);
  if (fixed === undefined) return ok(changes);
  return notImplemented(`the size of ${fixed[0].name} is decided by its autoscaler or its nodes`);
}

function notImplemented(detail: string): Result<never, Failure> {
  return err({ code: "not-implemented", detail });
}

/** The API server as the scaler uses it. */
class Cluster {
  readonly #access: KubernetesAccess;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  async read({ workers, edges }: PoolWorkloads): Promise<Result<PoolScale, Failure>> {
    const [ofWorkers, ofEdges] = await Promise.all([this.#sizeOf(workers), this.#sizeOf(edges)]);
    if (!ofWorkers.ok) return ofWorkers;
    if (!ofEdges.ok) return ofEdges;
    return ok({
      desired: { workers: ofWorkers.value.desired, edges: ofEdges.value.desired },
      current: { workers: ofWorkers.value.ready, edges: ofEdges.value.ready },
    });
  }

  async setSize(workload: Workload, replicas: number): Promise<Result<void, Failure>> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#ask(workload, "scale", { method: "PATCH", patch: { spec: { replicas } } });
      if (!answer.ok) return answer;
      const { status, body } = answer.value;
      // The merge patch names no version: a conflict is two writes at the same moment, and the last wish wins.
      if (status === 409 && tries < TRIES) continue;
      if (status !== 200) return err(refusal(workload, answer.value));
      return scaleAnswer.safeParse(body).success ? ok(undefined) : unreadable(workload);
    }
  }

  async #sizeOf(workload: Workload): Promise<Result<WorkloadSize, Failure>> {
    const answer = await this.#ask(workload, "status", { method: "GET" });
    if (!answer.ok) return answer;
    if (answer.value.status !== 200) return err(refusal(workload, answer.value));
    const size = workloadSize[workload.resource].safeParse(answer.value.body);
    return size.success ? ok(size.data) : unreadable(workload);
  }

  async #ask(
    { resource, name }: Workload,
    part: "scale" | "status",
    asked: Omit<KubernetesRequest, "path">,
  ): Promise<Result<KubernetesAnswer, Failure>> {
    let namespace: string;
    try {
      namespace = await this.#access.namespace();
    } catch {
      return err({ code: "scaler-unavailable", detail: "Kubernetes: no service account is mounted" });
    }
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${resource}/${encodeURIComponent(name)}/${part}`;
    return askKubernetes(this.#access, { ...asked, path });
  }
}

/** A refusal of the API server. Whatever it is, it is ours to put right, not the caller's; only a missing workload is a missing pool. */
function refusal({ name }: Workload, { status, body }: KubernetesAnswer): Failure {
  if (status === 404) return { code: "not-found", detail: `Kubernetes has no workload ${name}` };
  const told = statusAnswer.safeParse(body);
  const reason = (told.success ? told.data.reason : undefined) ?? `status ${status}`;
  const advice = status === 403 ? "; the service account may not do that (see the Role of the chart)" : "";
  return { code: "scaler-unavailable", detail: `Kubernetes refused for ${name}: ${reason}${advice}` };
}

function unreadable({ name }: Workload): Result<never, Failure> {
  return err({ code: "scaler-unavailable", detail: `Kubernetes: the answer for ${name} cannot be read` });
}
