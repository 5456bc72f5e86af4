import type { OutgoingRequest } from "@tandem/call-control";
import type { EdgeAccess, LocalEdgeAccess } from "../edge-access.ts";

/** The edges that can be used now, by id and by pool. */
export class ConnectedEdges {
  readonly #byEdge = new Map<string, EdgeAccess>();
  readonly #byPool = new Map<string, readonly EdgeAccess[]>();
  /** The edge in this process. */
  local: LocalEdgeAccess | null = null;
  #turn = 0;

  get all(): Iterable<EdgeAccess> {
    return this.#byEdge.values();
  }

  find(edge: string): EdgeAccess | undefined {
    return this.#byEdge.get(edge);
  }

  of(pool: string): readonly EdgeAccess[] {
    return this.#byPool.get(pool) ?? [];
  }

  add(link: EdgeAccess): void {
    this.#byEdge.set(link.edge, link);
    this.#byPool.set(link.pool, [...this.of(link.pool), link]);
  }

  remove(link: EdgeAccess): void {
    if (link === this.local) this.local = null;
    this.#byEdge.delete(link.edge);
    this.#byPool.set(
      link.pool,
      this.of(link.pool).filter((each) => each !== link),
    );
  }

  /** The edge to send by: the one asked for if it serves that pool, else the one in this process, else the pool's edges in turn. */
  choose(request: OutgoingRequest): EdgeAccess | undefined {
    const preferred = request.preferredEdge === null ? undefined : this.find(request.preferredEdge);
    if (preferred?.pool === request.pool) return preferred;
    if (this.local?.pool === request.pool) return this.local;
    return this.#inTurn(this.of(request.pool));
  }

  /** An edge of the pool that goes on with what another one got. */
  adopter(pool: string): EdgeAccess | undefined {
    return this.#inTurn(this.of(pool).filter(({ adopts }) => adopts));
  }

  #inTurn(links: readonly EdgeAccess[]): EdgeAccess | undefined {
    this.#turn += 1;
    return links[this.#turn % links.length];
  }
}
