import type { Clock, IncomingRequest, ServerTransaction, SipApplication } from "@tandem/call-control";
import { err, type Failure, type Result } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import { edgeLost } from "../edge-failures.ts";
import type { AwaitedEdges } from "./awaited-edges.ts";
import type { ConnectedEdges } from "./connected-edges.ts";
import type { EdgeFate } from "./lost-edge.ts";
import { dropInvite, movesTo, type NewPlace } from "./moving-invites.ts";
import type { StrandedInvite } from "./served-requests.ts";

/** Longest wait for an edge that goes on with an INVITE, milliseconds: as long as an edge without workers waits for one (`parkMs`). */
const PLACE_WAIT_MS = 8_000;

export interface LostInvitesParts {
  readonly app: SipApplication;
  readonly edges: ConnectedEdges;
  readonly awaited: AwaitedEdges;
  readonly clock: Clock;
  /** Edges of this pool never go on with another's INVITEs. */
  readonly isStock: (pool: string) => boolean;
}

type Sending = Promise<Result<void, Failure>>;

interface Waiting {
  readonly invite: StrandedInvite;
  /** Whoever gave the answer waits to hear whether it left. */
  readonly told: ((sending: Sending) => void)[];
}

/** INVITEs whose edge was lost, until they have another place or their end. */
export class LostInvites {
  readonly #parts: LostInvitesParts;
  /** By edge and transaction. */
  readonly #waiting = new Map<string, Waiting>();
  #closed = false;

  constructor(parts: LostInvitesParts) {
    this.#parts = parts;
  }

  /** Nobody knows yet what became of their edge: a final answer given from now on is kept. */
  stranded(invites: readonly StrandedInvite[]): void {
    for (const invite of invites) this.#waiting.set(nameOf(invite.request.transaction), { invite, told: [] });
  }

  /** A final answer is given. @returns what becomes of it; null: it belongs to no INVITE that waits here */
  answered(transaction: ServerTransaction, answer: SipMessage): Sending | null {
    const waiting = this.#waiting.get(nameOf(transaction));
    if (waiting === undefined) return null;
    waiting.invite.answer = answer;
    return new Promise((resolve) => waiting.told.push(resolve));
  }

  /** It is known now what became of their edge. */
  settle(pool: string, invites: readonly StrandedInvite[], fate: EdgeFate): void {
    if (this.#closed) return;
    for (const invite of invites) {
      if (fate === "back") this.#giveBack(invite);
      else if (fate === "unreachable" && this.#isAnothers(invite)) this.#forget(invite, null);
      else if (this.#parts.isStock(pool) || invite.request.source.transport !== "udp") this.#leave(invite, fate);
      else void this.#bring(invite, pool, fate);
    }
  }

  /**
   * Its worker was lost with its edge. That edge comes first: if it lives it has the INVITE and says so, and if it is there again it has the address that the caller knows (RFC 3581 §4). Where nobody takes it, whoever
   * asked asks again.
   */
  async takeUp(request: IncomingRequest): Promise<void> {
    const { edges } = this.#parts;
    const refused = new Set<NewPlace>();
    const own = edges.find(request.transaction.edge);
    const next = (): NewPlace | undefined => edges.adopter(request.pool, refused);
    for (let place = own?.adopts === true ? own : next(); place !== undefined && !this.#closed; place = next()) {
      if (await this.#offer({ request, answer: null }, place)) return;
      refused.add(place);
    }
  }

  close(): void {
    this.#closed = true;
    for (const { invite } of this.#waiting.values()) this.#forget(invite, null);
  }

  /** The edge offers it to a worker again, if it has not done so already; only what was answered meanwhile is owed to it. */
  #giveBack(invite: StrandedInvite): void {
    const { edge, id } = invite.request.transaction;
    const sending = invite.answer === null ? undefined : this.#parts.edges.find(edge)?.respond(id, invite.answer);
    this.#forget(invite, sending ?? null);
  }

  /** The edge may only be cut off from here: then it has given what had no answer to another worker, and the call shows it. */
  #isAnothers({ request, answer }: StrandedInvite): boolean {
    return answer === null && !this.#parts.app.worksOn(request);
  }

  /** Nobody can go on with it. An edge that may live may have given it to another worker, whose call it is then. */
  #leave(invite: StrandedInvite, fate: EdgeFate): void {
    this.#forget(invite, null);
    if (fate === "gone") dropInvite(invite, this.#parts.app);
  }

  /** To the first edge of the pool that takes it, one that comes in time included. */
  async #bring(invite: StrandedInvite, pool: string, fate: EdgeFate): Promise<void> {
    const { clock, edges, awaited } = this.#parts;
    const untilMs = clock.now() + PLACE_WAIT_MS;
    const refused = new Set<NewPlace>();
    while (!this.#closed) {
      const place = edges.adopter(pool, refused);
      if (place === undefined) {
        const leftMs = untilMs - clock.now();
        if (leftMs <= 0) return this.#leave(invite, fate);
        await awaited.next(pool, leftMs);
      } else if (await this.#offer(invite, place)) return;
      else refused.add(place);
    }
  }

  #offer(invite: StrandedInvite, place: NewPlace): Promise<boolean> {
    return new Promise((resolve) => {
      place.adopt(invite.request, (transaction) => {
        // Its call has it from there.
        if (transaction === "known") this.#forget(invite, null);
        else if (transaction !== null && !this.#closed)
          this.#forget(invite, movesTo(invite, { place, transaction }, this.#parts.app));
        resolve(transaction !== null);
      });
    });
  }

  /** @param sending How its answer is sent now; null: it cannot be. */
  #forget({ request: { transaction } }: StrandedInvite, sending: Sending | null): void {
    const name = nameOf(transaction);
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    for (const tell of waiting?.told ?? []) tell(sending ?? Promise.resolve(err(edgeLost(transaction.edge))));
  }
}

function nameOf({ edge, id }: ServerTransaction): string {
  return `${edge} ${id}`;
}
