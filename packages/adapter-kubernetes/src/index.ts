export { inClusterAccess, type KubernetesAccess } from "./cluster-access.ts";
export { createKubernetesScaler } from "./kubernetes-scaler.ts";
export type { PoolWorkloads, Workload } from "./pool-workloads.ts";
