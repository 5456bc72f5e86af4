import { clusterDashboard } from "./cluster.ts";
import { emergencyDashboard } from "./emergency.ts";
import { poolDashboard } from "./pool.ts";
import { redisDashboard } from "./redis.ts";
import type { DashboardSpecification } from "./specification.ts";
import { trunkDashboard } from "./trunk.ts";

/** Every dashboard. */
export const DASHBOARDS: readonly DashboardSpecification[] = [
  clusterDashboard,
  poolDashboard,
  trunkDashboard,
  emergencyDashboard,
  redisDashboard,
];
