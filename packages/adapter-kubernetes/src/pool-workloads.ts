/** What makes the processes of one kind in a pool. */
export interface Workload {
  readonly resource: "deployments" | "daemonsets";
  readonly name: string;
  /** Somebody else decides its size: an autoscaler, or the number of nodes. It can be read, not set. */
  readonly fixed: boolean;
}

/** A pool's workloads. Where edge and worker live in one pod, both are the same. */
export interface PoolWorkloads {
  readonly workers: Workload;
  readonly edges: Workload;
}
