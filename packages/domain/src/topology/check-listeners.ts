import { hostPort } from "../routing/host-port.ts";
import { doubt, fault, type TopologyIssue } from "./topology-issue.ts";
import type { Listener, Topology } from "./topology.ts";

interface Placed {
  readonly listener: Listener;
  readonly pool: string;
  readonly path: string;
}

/** Listeners need certificates for TLS and sockets of their own. */
export function checkListeners(topology: Topology): readonly TopologyIssue[] {
  const placed = topology.pools.flatMap((pool, poolAt) =>
    pool.listeners.map((listener, at) => {
      return { listener, pool: pool.name, path: `pools[${poolAt}].listeners[${at}]` };
    }),
  );
  return [...placed.flatMap(checkTls), ...placed.flatMap(checkAdvertised), ...checkClashes(placed)];
}

function checkTls({ listener, path }: Placed): readonly TopologyIssue[] {
  if (listener.transport === "tls" && listener.tls === undefined) {
    const fix = "add tls: { certificateFile: …, keyFile: … }";
    return [fault(`${path}.tls`, "is missing, and the transport is tls", fix)];
  }
  if (listener.transport !== "tls" && listener.tls !== undefined) {
    return [
      fault(`${path}.tls`, `has no meaning with transport ${listener.transport}`, "set transport: tls or remove it"),
    ];
  }
  return listener.tls?.mutual === true ? checkMutual(listener, `${path}.tls.mutual`) : [];
}

function checkMutual({ tls, serves }: Listener, path: string): readonly TopologyIssue[] {
  const issues: TopologyIssue[] = [];
  if (tls?.caFile === undefined) {
    const problem = "asks for certificates without saying which authorities count, so the system's do";
    issues.push(doubt(path, problem, "add caFile"));
  }
  if (serves === "callers") {
    const problem =
      "refuses callers whose certificate is missing or has expired before any call is seen, an emergency call among them";
    issues.push(doubt(path, problem, "remove it, or set serves: gateways where no caller connects"));
  }
  return issues;
}

/** Peers are told a place they can reach. */
function checkAdvertised({ listener, path }: Placed): readonly TopologyIssue[] {
  if (!isWildcard(listener.advertisedAddress)) return [];
  const fix = "set advertisedAddress to the name or address peers reach it by";
  return [fault(`${path}.advertisedAddress`, `is ${listener.advertisedAddress}, which no peer can call back`, fix)];
}

/**
 * Two listeners of a pool need different sockets, since every edge of the pool opens all of them. Listeners of different pools clash only at a
 * concrete address: behind `0.0.0.0` each pool has hosts of its own.
 */
function checkClashes(placed: readonly Placed[]): readonly TopologyIssue[] {
  const bySocket = Map.groupBy(placed, ({ listener }) => `${socketKind(listener)}:${listener.port}`);
  return [...bySocket.values()].flatMap((group) =>
    group.flatMap((one, at) => {
      const other = group.slice(0, at).find((earlier) => clash(earlier, one));
      if (other === undefined) return [];
      const socket = hostPort(one.listener.address, one.listener.port);
      const problem = `takes ${socketKind(one.listener)} ${socket}, which ${other.path} ("${other.listener.name}") has`;
      return [fault(`${one.path}.port`, problem, "use another port or address")];
    }),
  );
}

function clash(left: Placed, right: Placed): boolean {
  if (left.listener.address.toLowerCase() === right.listener.address.toLowerCase()) {
    return left.pool === right.pool || !isWildcard(left.listener.address);
  }
  return left.pool === right.pool && (isWildcard(left.listener.address) || isWildcard(right.listener.address));
}

/** TLS runs on TCP, so both take the same socket. */
function socketKind(listener: Listener): "udp" | "tcp" {
  return listener.transport === "udp" ? "udp" : "tcp";
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "[::]";
}
