import type { Cluster } from "../cluster/cluster.ts";
import type { BoundListener } from "../cluster/ready-line.ts";

/** Everything `--json` tells, in one object. */
export interface ClusterAddresses {
  readonly redis: { readonly url: string; readonly pid: number | null };
  readonly api: { readonly url: string; readonly docs: string; readonly key: string };
  readonly processes: readonly ProcessAddresses[];
  /** Process ids by role. */
  readonly pids: Readonly<Record<string, readonly number[]>>;
  readonly logs: string;
  readonly detailRecords: string;
}

/** One process and where it can be reached; null where it offers nothing. */
interface ProcessAddresses {
  readonly name: string;
  readonly role: string;
  readonly pool: string | null;
  readonly pid: number | null;
  readonly metrics: string | null;
  /** `host:port` for workers. */
  readonly admin: string | null;
  /** SIP sockets. */
  readonly listeners: readonly BoundListener[];
}

/** Collects the addresses of a running cluster. */
export function clusterAddresses(cluster: Cluster): ClusterAddresses {
  const processes = cluster.processes().map(({ name, plan, pid, ready }): ProcessAddresses => ({
    name,
    role: plan.role,
    pool: plan.pool,
    pid,
    metrics: ready?.http ? `http://${ready.http}/metrics` : null,
    admin: ready?.admin ?? null,
    listeners: ready?.listeners ?? [],
  }));
  const pids: Record<string, number[]> = {};
  for (const { role, pid } of processes) if (pid !== null) (pids[role] ??= []).push(pid);
  return {
    redis: cluster.redis,
    api: { url: `http://${cluster.apiAddress}`, docs: `http://${cluster.apiAddress}/docs`, key: cluster.apiKey },
    processes,
    pids,
    logs: cluster.logFolder,
    detailRecords: cluster.detailRecordFile,
  };
}

/** The addresses as a table for people. */
export function addressTable(addresses: ClusterAddresses): readonly string[] {
  const { redis, api, processes, logs, detailRecords } = addresses;
  const sip = processes.flatMap(({ name, listeners }) =>
    listeners.map(({ name: listener, transport, address }) => [`SIP ${name}`, `${address} ${transport}`, listener]),
  );
  const metrics = processes.flatMap(({ name, metrics: url }) => (url === null ? [] : [[`metrics ${name}`, url, ""]]));
  const rows = [
    ...sip,
    ["control API", api.url, `header x-api-key: ${api.key}`],
    ["API documentation", api.docs, ""],
    ...metrics,
    ["Redis", redis.url, ""],
    ["logs", logs, ""],
    ["call detail records", detailRecords, ""],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
