import type { EdgeState } from "@tandem/adapter-drachtio/client";
import { listenerDifferences, type Pool } from "@tandem/domain";
import type { Logger } from "@tandem/runtime";

export interface EdgeListenersParts {
  readonly logger: Logger;
  readonly edges: () => readonly EdgeState[];
  /** Told how many connected edges of a pool have other listeners than the topology. */
  readonly onOutdated: (pool: string, edges: number) => void;
}

/**
 * Compares what connected edges listen to with the topology in force. An edge takes its listeners at its start: after a change it has to be started
 * again, and until then what names a new listener fails. One log line per edge and difference, when it is met first.
 */
export class EdgeListeners {
  readonly #parts: EdgeListenersParts;
  readonly #told = new Map<string, string>();
  #pools: readonly Pool[] = [];

  constructor(parts: EdgeListenersParts) {
    this.#parts = parts;
  }

  /** Another topology is in force. */
  topology(pools: readonly Pool[]): void {
    this.#pools = pools;
    this.look();
  }

  /** An edge came or went. */
  look(): void {
    for (const pool of this.#pools) this.#parts.onOutdated(pool.name, this.outdated(pool.name));
  }

  /** Connected edges of a pool that have other listeners than it. */
  outdated(name: string): number {
    const pool = this.#pools.find((each) => each.name === name);
    if (pool === undefined) return 0;
    return this.#parts.edges().filter((edge) => edge.pool === name && this.#differs(edge, pool)).length;
  }

  #differs({ edge, address, listeners }: EdgeState, pool: Pool): boolean {
    if (listeners === null) return false;
    const differences = listenerDifferences(pool.listeners, listeners);
    const text = differences.join("; ");
    if (text !== "" && this.#told.get(address) !== text) {
      this.#parts.logger.warn(
        { pool: pool.name, edge, differences },
        "edge has other listeners than the topology: restart it",
      );
    }
    this.#told.set(address, text);
    return text !== "";
  }
}
