import { freePort } from "@tandem/testkit";

/** A port for a peer, a listener or a server that the test starts itself. */
export { freePort as sipPort } from "@tandem/testkit";

/** So many different free ports. */
export async function sipPorts<Count extends number>(count: Count): Promise<Tuple<Count>> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports as unknown as Tuple<Count>;
}

/** An array of so many numbers. */
export type Tuple<Count extends number, Built extends readonly number[] = readonly []> = number extends Count
  ? readonly number[]
  : Built["length"] extends Count
    ? Built
    : Tuple<Count, readonly [...Built, number]>;
