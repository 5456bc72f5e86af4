import type { CallStore } from "../ports/index.ts";

/**
 * Calls per trunk, cluster-wide: as the store told last, and those that this worker placed since. Without these all calls between two readings would go to the one trunk that had
 * the fewest. Which of them ended since is not known; the next reading says it.
 */
export class TrunkLoads {
  #stored: ReadonlyMap<string, number> = new Map();
  readonly #placed = new Map<string, number>();

  of(trunk: string): number {
    return (this.#stored.get(trunk) ?? 0) + (this.#placed.get(trunk) ?? 0);
  }

  /** A call goes out by this trunk first. */
  place(trunk: string): void {
    this.#placed.set(trunk, (this.#placed.get(trunk) ?? 0) + 1);
  }

  /** What cannot be read stays as it was. */
  async read(store: Pick<CallStore, "loads">): Promise<void> {
    const asked = new Map(this.#placed);
    const loads = await store.loads();
    if (!loads.ok) return;
    this.#stored = loads.value;
    for (const [trunk, calls] of asked) this.#forget(trunk, calls);
  }

  /** These are in what the store tells, or will be: one whose record is still being written is missed until the next reading, which costs order among trunks and refuses nobody. */
  #forget(trunk: string, calls: number): void {
    const left = (this.#placed.get(trunk) ?? 0) - calls;
    if (left > 0) this.#placed.set(trunk, left);
    else this.#placed.delete(trunk);
  }
}
