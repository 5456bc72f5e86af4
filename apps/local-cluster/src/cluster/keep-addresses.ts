import type { Listener } from "@tandem/domain";
import { parseSocketAddress } from "@tandem/runtime";
import type { ProcessPlan } from "./process-plan.ts";
import type { ReadyLine } from "./ready-line.ts";

/**
 * The plan to start a process again with: ports the system chose become fixed, because workers know the edge's admin address, peers its
 * SIP ports and people its metrics by now.
 */
export function keepAddresses(plan: ProcessPlan, ready: ReadyLine): ProcessPlan {
  const environment = { ...plan.environment };
  if (ready.http !== null) environment["TANDEM_HTTP"] = ready.http;
  if (ready.admin !== null) environment["TANDEM_ADMIN"] = ready.admin;
  if (ready.api !== null) environment["TANDEM_API"] = ready.api;
  const listeners = environment["TANDEM_LISTENERS"];
  if (listeners !== undefined) {
    environment["TANDEM_LISTENERS"] = JSON.stringify(
      (JSON.parse(listeners) as readonly Listener[]).map((listener) => onBoundPort(listener, ready)),
    );
  }
  return { ...plan, environment };
}

function onBoundPort(listener: Listener, ready: ReadyLine): Listener {
  const bound = ready.listeners.find(({ name }) => name === listener.name);
  const port = bound === undefined ? undefined : parseSocketAddress(bound.address)?.port;
  if (port === undefined || listener.port !== 0) return listener;
  return { ...listener, port, advertisedPort: port };
}
