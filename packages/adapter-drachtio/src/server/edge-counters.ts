import type { SessionLoss } from "./app-session.ts";

/** Why the edge itself answered a request that an application should have answered. */
export type OwnAnswer = "draining" | "no-application" | "not-answered" | "too-many-offers";

/** Rows of (reason, method) before further methods count as `OTHER`. */
const MOST_ROWS = 60;

/** Counters of the protocol server since its start. Plain fields: they are touched for every message. */
export class EdgeCounters {
  /** Requests offered again because their application was lost. */
  redelivered = 0;
  /** Client INVITEs of lost applications that another one went on with. */
  orphansTaken = 0;
  /** Client INVITEs cancelled because their application was lost. */
  orphansCancelled = 0;
  /** Answered INVITEs that the edge ended with ACK and BYE because their application was lost. */
  orphansEnded = 0;
  /** INVITEs of another edge that this one goes on with. */
  adopted = 0;
  /** Missing ACKs told to an application. */
  ackTimeouts = 0;
  /** SIP messages of applications that could not be read. */
  unreadable = 0;
  framesIn = 0;
  framesOut = 0;
  readonly #losses = new Map<SessionLoss, number>();
  readonly #ownAnswers = new Map<string, { readonly reason: OwnAnswer; readonly method: string; count: number }>();

  lost(loss: SessionLoss): void {
    this.#losses.set(loss, (this.#losses.get(loss) ?? 0) + 1);
  }

  answered(reason: OwnAnswer, method: string): void {
    const key = `${reason} ${method}`;
    const known = this.#ownAnswers.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#ownAnswers.size < MOST_ROWS || method === "OTHER") {
      this.#ownAnswers.set(key, { reason, method, count: 1 });
    } else {
      // A peer may invent methods; they are not worth a row each.
      this.answered(reason, "OTHER");
    }
  }

  snapshot(): CountersSnapshot {
    return {
      losses: Object.fromEntries(this.#losses),
      redelivered: this.redelivered,
      ownAnswers: [...this.#ownAnswers.values()],
      orphans: {
        taken: this.orphansTaken,
        cancelled: this.orphansCancelled,
        ended: this.orphansEnded,
        adopted: this.adopted,
      },
      ackTimeouts: this.ackTimeouts,
      unreadable: this.unreadable,
    };
  }
}

/** The counters as data. */
export interface CountersSnapshot {
  readonly losses: Readonly<Record<string, number>>;
  readonly redelivered: number;
  readonly ownAnswers: readonly { readonly reason: OwnAnswer; readonly method: string; readonly count: number }[];
  readonly orphans: {
    readonly taken: number;
    readonly cancelled: number;
    readonly ended: number;
    readonly adopted: number;
  };
  readonly ackTimeouts: number;
  readonly unreadable: number;
}
