import { until } from "@tandem/testkit";
import type { TestCluster } from "./cluster.ts";

interface MemberBody {
  readonly id: string;
  readonly pid: number;
}

/** Process id of a member of the cluster now; after a crash it has another than at the start. */
export async function pidOf(cluster: TestCluster, name: string): Promise<number> {
  const { body } = await cluster.api.get("/v1/members");
  const member = (body as readonly MemberBody[]).find(({ id }) => id === name);
  return member?.pid ?? cluster.processes.find((process) => process.name === name)?.pid ?? 0;
}

/** kill -9 of one process by its name, as a crash would; resolves once it is gone. The supervisor starts it again. */
export async function killProcess(cluster: TestCluster, name: string): Promise<void> {
  const pid = await pidOf(cluster, name);
  process.kill(pid, "SIGKILL");
  await until(() => !isAlive(pid), { what: `${name} gone` });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
