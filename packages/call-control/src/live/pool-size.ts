import type { PoolSize, WantedPoolSize } from "../ports/index.ts";

/** Largest sizes, the same as a topology may ask for. A pool without a worker or an edge would have no way out for emergency calls: the least is 1. */
export const LARGEST_POOL: PoolSize = { workers: 256, edges: 64 };

/** @returns why a size is refused, or null when it is in range. */
export function poolSizeProblem({ workers, edges }: WantedPoolSize): string | null {
  if (!inRange(workers, LARGEST_POOL.workers)) return `workers must be 1 to ${LARGEST_POOL.workers}`;
  if (edges !== undefined && !inRange(edges, LARGEST_POOL.edges)) return `edges must be 1 to ${LARGEST_POOL.edges}`;
  return null;
}

function inRange(count: number, largest: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= largest;
}
