import type { SessionLimits } from "./app-session.ts";

/** How long things may take and how much may wait; every value has a default. */
export interface EdgeSettings {
  readonly session: SessionLimits;
  /** Connections of applications, authenticated or not. */
  readonly maxSessions: number;
  /**
   * A request other than INVITE that no application answered is answered 500 after this time, milliseconds: before the peer's timer F
   * (64*T1) ends its transaction without an answer.
   */
  readonly nonInviteAnswerMs: number;
  /** An INVITE to which the application sent nothing for this long is answered 500, milliseconds; each provisional response renews it. */
  readonly inviteSilenceMs: number;
  /** How often a request is offered before it is answered 500: a request that kills every worker must not go round for ever. */
  readonly maxOffers: number;
  /**
   * After the last worker was lost, and after the edge began, requests wait this long for one to come (back) before they get 503, milliseconds: a restarted worker or a
   * connection made anew costs a caller less than a refusal.
   */
  readonly parkMs: number;
  /** Requests that may wait like that. */
  readonly maxParked: number;
  /**
   * An answered INVITE whose application died before its ACK waits this long for the ACK of another one, then the answer is brought to one, milliseconds. With
   * nobody there the edge ends it with ACK and BYE when the peer gives up.
   */
  readonly orphanAckMs: number;
  /** An INVITE under way whose application died is held this long for another one that goes on with it, then cancelled, milliseconds. */
  readonly holdMs: number;
  /** Seconds in the Retry-After of a 503. */
  readonly retryAfterS: number;
  /** Dialogs kept for applications without the tag `octets`; the longest unused are forgotten beyond it. */
  readonly maxDialogs: number;
  /** Milliseconds between two looks at what is overdue. */
  readonly sweepMs: number;
}

export const DEFAULT_EDGE_SETTINGS: EdgeSettings = {
  session: {
    authMs: 5_000,
    authFrameBytes: 4_096,
    maxFrameBytes: 1 << 20,
    maxPendingOctets: 32 << 20,
    congestedOctets: 4 << 20,
    stalledMs: 10_000,
    silentMs: 20_000,
    beatlessMs: 6_000,
    stillMs: 2_000,
  },
  maxSessions: 1_024,
  nonInviteAnswerMs: 30_000,
  inviteSilenceMs: 300_000,
  maxOffers: 3,
  parkMs: 8_000,
  maxParked: 10_000,
  orphanAckMs: 1_000,
  holdMs: 8_000,
  retryAfterS: 5,
  maxDialogs: 20_000,
  sweepMs: 1_000,
};
