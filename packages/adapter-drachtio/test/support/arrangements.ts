import type { EdgeRig } from "./edge-rig.ts";
import { isUp, startWorker, type WorkerRig } from "./worker-rig.ts";

/** How a worker comes to its edge: by a connection, or in the same process. Everything the port promises holds for both. */
export const ARRANGEMENTS = [
  { arrangement: "split", worker: (edge: EdgeRig) => startWorker(() => [edge.address]) },
  { arrangement: "fused", worker: (edge: EdgeRig) => startWorker(() => [], { local: edge.server }) },
] as const;

type Arrangement = (typeof ARRANGEMENTS)[number];

export async function connected(edge: EdgeRig, { worker: start }: Arrangement): Promise<WorkerRig> {
  const worker = await start(edge);
  await worker.until(isUp);
  await edge.endpoint.until(() => (edge.server.stats().applications > 0 ? true : undefined));
  return worker;
}
