import type { Listener } from "./topology.ts";

/**
 * What an edge listens to otherwise than its pool's listeners say, in words; empty when it is as it should be. Addresses are not compared: they may
 * be another on every host.
 * @param announced `name:transport:port` each, as the edge was configured; port 0: any
 */
export function listenerDifferences(wanted: readonly Listener[], announced: readonly string[]): readonly string[] {
  const open = new Map(announced.map((text) => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]));
  const differences = wanted.flatMap(({ name, transport, port }) => {
    const found = open.get(name);
    open.delete(name);
    if (found === undefined) return [`${name} is not open`];
    const isRight = found === `${transport}:${port}` || found === `${transport}:0`;
    return isRight ? [] : [`${name} is ${found} instead of ${transport}:${port}`];
  });
  return [...differences, ...[...open.keys()].map((name) => `${name} is open and not in the topology`)];
}
