import type { OutgoingRequest } from "@tandem/call-control";
import type { PoolLink } from "../pool-link.ts";
import type { StockPool } from "./stock-link.ts";

/** The stock servers connected, which hold the dialogs made through them: no other server can send in one. */
export class DialogHolders {
  readonly #pools: ReadonlyMap<string, StockPool>;
  readonly #links = new Set<PoolLink>();

  constructor(pools: ReadonlyMap<string, StockPool>) {
    this.#pools = pools;
  }

  /** A connection is used from now on. */
  add(link: PoolLink): void {
    if (this.#pools.has(link.pool)) this.#links.add(link);
  }

  remove(link: PoolLink): void {
    this.#links.delete(link);
  }

  /** The server that holds the request's dialog; undefined in pools of our own edges, which hold none. */
  holderOf({ pool, message }: OutgoingRequest): PoolLink | undefined {
    if (this.#links.size === 0) return undefined;
    const callId = message.get("Call-ID") ?? "";
    for (const link of this.#links) if (link.pool === pool && link.holds(callId)) return link;
    return undefined;
  }
}
