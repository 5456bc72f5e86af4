import { platform } from "node:os";
import type { Listener, Pool } from "@tandem/domain";

/**
 * Where edge `number` (from 1) of a pool listens on this one host. The first has the topology's addresses. On loopback the others take the
 * addresses after it with the same ports (Linux answers on all of 127.0.0.0/8), so that a pool is what it is elsewhere: several addresses behind one name.
 * Any other address cannot be shared: they get ports of the system's choice and tell peers those.
 */
export function edgeListeners({ listeners }: Pool, number: number): readonly Listener[] {
  return number === 1 ? listeners : listeners.map((listener) => besideFirst(listener, number));
}

function besideFirst(listener: Listener, number: number): Listener {
  const [, net, last] = /^(127\.\d+\.\d+)\.(\d+)$/.exec(listener.address) ?? [];
  const next = Number(last) + number - 1;
  if (net === undefined || next > 254 || platform() !== "linux") return { ...listener, port: 0, advertisedPort: 0 };
  const address = `${net}.${next}`;
  const advertisedAddress = listener.advertisedAddress === listener.address ? address : listener.advertisedAddress;
  return { ...listener, address, advertisedAddress };
}
