import type { SessionLoss } from "./app-session.ts";

/** Why the edge itself answered a request that an application should have answered. */
export type OwnAnswer = "no-application" | "not-answered" | "too-many-offers";

/** Counters of the protocol server since its start. Plain fields: they are touched for every message. */
export class EdgeCounters {
  /** Requests offered again because their application was lost. */
  redelivered = 0;
  /** Client INVITEs cancelled because their application was lost. */
  orphansCancelled = 0;
  /** Answered INVITEs that the edge ended with ACK and BYE because their application was lost. */
  orphansEnded = 0;
  /** Missing ACKs told to an application. */
  ackTimeouts = 0;
  /** SIP messages of applications that could not be read. */
  unreadable = 0;
  framesIn = 0;
  framesOut = 0;
  readonly losses = new Map<SessionLoss, number>();
  readonly ownAnswers = new Map<string, number>();

  lost(loss: SessionLoss): void {
    this.losses.set(loss, (this.losses.get(loss) ?? 0) + 1);
  }

  /** Counts under `<answer> <method>`. */
  answered(answer: OwnAnswer, method: string): void {
    const key = `${answer} ${method}`;
    this.ownAnswers.set(key, (this.ownAnswers.get(key) ?? 0) + 1);
  }
}
