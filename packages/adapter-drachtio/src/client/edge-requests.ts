import type { ClientEvents, ClientTransaction, Clock, OutgoingRequest, SipPort } from "@tandem/call-control";
import { err, type Failure, type Result } from "@tandem/domain";
import type { EdgeAccess } from "../edge-access.ts";
import { edgeLost, noEdge } from "../edge-failures.ts";
import type { AwaitedEdges } from "./awaited-edges.ts";
import type { ConnectedEdges } from "./connected-edges.ts";
import { LastingBye } from "./lasting-bye.ts";
import type { DialogHolders } from "./stock/dialog-holders.ts";

export interface EdgeRequestsParts {
  readonly edges: ConnectedEdges;
  readonly awaited: AwaitedEdges;
  readonly dialogs: DialogHolders;
  readonly clock: Clock;
  readonly isStock: (pool: string) => boolean;
  /** Longest that a request waits for the edge by whose address its peer knows it, milliseconds; twice that while the pool has no other. */
  readonly edgeReturnMs: number;
  /** Nothing is waited for any more. */
  readonly isClosed: () => boolean;
}

type Sent = Promise<Result<ClientTransaction, Failure>>;

/** Which edge a request goes by, how long it waits for one, and what goes again by another when its edge is lost. */
export class EdgeRequests {
  readonly #parts: EdgeRequestsParts;
  readonly #byes = new Set<LastingBye>();

  constructor(parts: EdgeRequestsParts) {
    this.#parts = parts;
  }

  /** BYEs that are not over, also between one edge and the next: no call is pending for them, and nobody sends them if this process ends. */
  get byes(): number {
    return this.#byes.size;
  }

  send(...[request, events]: Parameters<SipPort["sendRequest"]>): Sent {
    const { knownBy, pool } = request;
    // A stock server gives every request a branch and a sent-by of its own, so one is as good as another.
    const isStock = this.#parts.isStock(pool);
    if (knownBy !== undefined && !isStock) return this.#sendAgain(knownBy, request, events);
    const { method } = request.message;
    if (method === "BYE" && !isStock) return this.#end(request, events);
    return method === "ACK" ? this.#acknowledge(request, events) : this.#send(request, events);
  }

  #send(request: OutgoingRequest, events: ClientEvents): Sent {
    const edge = this.#choose(request);
    return edge === undefined ? this.#sendLater(request, events) : edge.request(request, events);
  }

  /** None of the pool's edges is connected: one may come. */
  async #sendLater(request: OutgoingRequest, events: ClientEvents): Sent {
    const { awaited, isClosed } = this.#parts;
    if (!isClosed()) await awaited.wait(request.pool);
    const edge = this.#choose(request);
    return edge === undefined ? err(noEdge(request.pool)) : edge.request(request, events);
  }

  /** An ACK has no answer that would show that it was lost with its edge: it goes by another one then, and twice does no harm (RFC 3261 §13.2.2.4). */
  async #acknowledge(request: OutgoingRequest, events: ClientEvents): Sent {
    const sent = await this.#send(request, events);
    return sent.ok || sent.error.code !== "edge-lost" || this.#parts.isClosed() ? sent : this.#send(request, events);
  }

  /** A stock server takes the dialog with it: nobody else can end that. */
  #end(request: OutgoingRequest, events: ClientEvents): Sent {
    const { edges, awaited, clock, isClosed } = this.#parts;
    const send = (again: OutgoingRequest, told: ClientEvents): Sent => this.#send(again, told);
    const isReached = (pool: string): boolean => edges.of(pool).length > 0;
    const bye: LastingBye = new LastingBye(request, events, {
      send,
      isReached,
      awaited,
      clock,
      isClosed,
      onOver: () => void this.#byes.delete(bye),
    });
    this.#byes.add(bye);
    return bye.send();
  }

  /** From the address that the peer knows: its edge may be on its way back. */
  async #sendAgain(
    knownBy: NonNullable<OutgoingRequest["knownBy"]>,
    request: OutgoingRequest,
    events: ClientEvents,
  ): Sent {
    const { edges, awaited, clock, edgeReturnMs, isClosed } = this.#parts;
    const sinceMs = clock.now();
    for (;;) {
      const edge = edges.atAddress(request, knownBy);
      if (typeof edge === "object") return edge.request(request, events);
      // With no other edge there, nobody could do anything else meanwhile.
      const waitMs = edges.of(request.pool).length > 0 ? edgeReturnMs : 2 * edgeReturnMs;
      const leftMs = sinceMs + waitMs - clock.now();
      if (isClosed() || edge === "moved" || leftMs <= 0) return err(edgeLost(knownBy.edge));
      await awaited.next(request.pool, leftMs);
    }
  }

  #choose(request: OutgoingRequest): EdgeAccess | undefined {
    return this.#parts.dialogs.holderOf(request) ?? this.#parts.edges.choose(request);
  }
}
