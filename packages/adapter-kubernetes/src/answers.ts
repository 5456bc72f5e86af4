import { z } from "zod";

/** As much of a Deployment as concerns its size. What the server leaves out is 0. */
const deployment = z.object({
  spec: z.object({ replicas: z.number().default(1) }),
  status: z.object({ readyReplicas: z.number().default(0) }).default({ readyReplicas: 0 }),
});

/** The same of a DaemonSet, whose size is the number of its nodes. */
const daemonSet = z.object({
  status: z.object({ desiredNumberScheduled: z.number().default(0), numberReady: z.number().default(0) }),
});

/** The `Scale` that the subresource answers with (autoscaling/v1). */
export const scaleAnswer = z.object({ kind: z.literal("Scale"), spec: z.object({ replicas: z.number().default(0) }) });

/** The `Status` of a refusal. */
export const statusAnswer = z.object({
  kind: z.literal("Status"),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** How many pods a workload shall have and how many are ready. */
export interface WorkloadSize {
  readonly desired: number;
  readonly ready: number;
}

export const workloadSize = {
  deployments: deployment.transform(({ spec, status }): WorkloadSize => ({
    desired: spec.replicas,
    ready: status.readyReplicas,
  })),
  daemonsets: daemonSet.transform(({ status }): WorkloadSize => ({
    desired: status.desiredNumberScheduled,
    ready: status.numberReady,
  })),
} as const;
