import { isIP } from "node:net";
import type { OutgoingRequest } from "@tandem/call-control";
import type { EdgeAccess, LocalEdgeAccess } from "../edge-access.ts";

type KnownBy = NonNullable<OutgoingRequest["knownBy"]>;

/** The edges that can be used now, by id and by pool. */
export class ConnectedEdges {
  readonly #byEdge = new Map<string, EdgeAccess>();
  readonly #byPool = new Map<string, readonly EdgeAccess[]>();
  /** Stock servers that will end, and the calls made through them with them. */
  readonly #leaving = new Set<EdgeAccess>();
  /** The edge in this process. */
  local: LocalEdgeAccess | null = null;
  #turn = 0;
  /** Edges that know of another one which goes on with their INVITEs. */
  readonly #movable = new WeakSet<EdgeAccess>();

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
    this.#leaving.delete(link);
    this.#byPool.set(
      link.pool,
      this.of(link.pool).filter((each) => each !== link),
    );
  }

  /** A server is about to end, or stays after all. */
  setLeaving(link: EdgeAccess, isLeaving: boolean): void {
    if (isLeaving) this.#leaving.add(link);
    else this.#leaving.delete(link);
  }

  /**
   * The edge to send by: the one asked for if it serves that pool, else the one in this process, else the pool's edges in turn. One that leaves is chosen
   * where no other is left, and so is one to avoid.
   */
  choose(request: OutgoingRequest): EdgeAccess | undefined {
    return this.#otherThan(request) ?? this.#chooseAny(request);
  }

  /** Another edge of the pool is there, and stays. */
  hasOther(pool: string, edge: string): boolean {
    return this.#others(pool, edge).length > 0;
  }

  #others(pool: string, edge: string): readonly EdgeAccess[] {
    return this.of(pool).filter((link) => link.edge !== edge && !this.#leaving.has(link));
  }

  /** The edge that an ACK is asked to go by, if it may; else the next one by name, whatever the turn: another worker that sends the same again finds it there. */
  #otherThan({ pool, avoidEdge, preferredEdge, message }: OutgoingRequest): EdgeAccess | undefined {
    if (avoidEdge === undefined) return undefined;
    const others = this.#others(pool, avoidEdge);
    const preferred = message.method === "ACK" ? others.find(({ edge }) => edge === preferredEdge) : undefined;
    const byName = others.toSorted((one, other) => (one.edge < other.edge ? -1 : 1));
    return preferred ?? byName.find(({ edge }) => edge > avoidEdge) ?? byName[0];
  }

  #chooseAny(request: OutgoingRequest): EdgeAccess | undefined {
    const preferred = request.preferredEdge === null ? undefined : this.find(request.preferredEdge);
    if (preferred?.pool === request.pool && !this.#leaving.has(preferred)) return preferred;
    if (this.local?.pool === request.pool) return this.local;
    const all = this.of(request.pool);
    const staying = this.#leaving.size === 0 ? all : all.filter((link) => !this.#leaving.has(link));
    return this.#inTurn(staying.length === 0 ? all : staying);
  }

  /**
   * The edge by whose address a peer knows a request, or one that has that address now: a retransmission comes from nowhere else. `moved`: that edge is there and has another address.
   * A name says nothing of it: all edges of a pool may go by one.
   */
  atAddress(request: OutgoingRequest, { edge, sentBy }: KnownBy): EdgeAccess | "moved" | undefined {
    const { listener } = request;
    const links = this.of(request.pool);
    const known = links.find((link) => link.edge === edge);
    const isIts = (link: EdgeAccess): boolean => plain(link.sentBy(listener) ?? "") === plain(sentBy ?? "");
    if (known !== undefined && (sentBy === undefined || known.sentBy(listener) === null || isIts(known))) return known;
    const heir = isAddress(sentBy) ? links.find(isIts) : undefined;
    return heir ?? (known === undefined ? undefined : "moved");
  }

  /** An edge of the pool that goes on with what another one got, other than those which refused. */
  adopter(pool: string, refused: ReadonlySet<EdgeAccess>): EdgeAccess | undefined {
    return this.#inTurn(this.of(pool).filter((link) => link.adopts && !refused.has(link)));
  }

  /** Edges of the pool for which it changed whether another one goes on with their INVITEs. */
  moves(pool: string): readonly (readonly [EdgeAccess, boolean])[] {
    const adopters = this.of(pool).filter(({ adopts }) => adopts);
    const can = adopters.length > 1;
    const changed = adopters.filter((link) => this.#movable.has(link) !== can);
    for (const link of changed)
      if (can) this.#movable.add(link);
      else this.#movable.delete(link);
    return changed.map((link) => [link, can]);
  }

  #inTurn(links: readonly EdgeAccess[]): EdgeAccess | undefined {
    this.#turn += 1;
    return links[this.#turn % links.length];
  }
}

/** A peer may write the Via's host in other letters and leave the default port out (RFC 3261 §18.2.2). */
function plain(sentBy: string): string {
  return sentBy.toLowerCase().replace(/:5060$/, "");
}

function isAddress(sentBy = ""): boolean {
  const host = sentBy.replace(/:\d+$/, "").replaceAll(/[[\]]/g, "");
  return isIP(host) !== 0;
}
