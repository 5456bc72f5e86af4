/** The basic intervals of RFC 3261 §17.1.1.1 in milliseconds; every other timer is made from them. */
export interface TimerSettings {
  /** Estimate of the round-trip time: first retransmission. */
  readonly t1: number;
  /** Longest interval between retransmissions of non-INVITE requests and INVITE responses. */
  readonly t2: number;
  /** Longest time a message stays in the network. */
  readonly t4: number;
}

/** The values of RFC 3261 table 4. */
export const DEFAULT_TIMERS: TimerSettings = { t1: 500, t2: 4_000, t4: 5_000 };

/** What a transaction is made with; the same for its whole life. */
export interface TransactionSettings extends TimerSettings {
  /** The transport delivers or says that it did not (TCP, TLS): no retransmissions, and the linger timers are zero. */
  readonly reliable: boolean;
  /** Timers B and F, milliseconds: how long a client waits for a response. RFC 3261: 64*T1. */
  readonly timeoutMs: number;
  /** An INVITE server transaction sends 100 if its user sent nothing within this time, milliseconds. RFC 3261 §17.2.1: 200. */
  readonly tryingAfterMs: number;
}

/** Settings of RFC 3261 for the given intervals, with 100 Trying sent at once. */
export function transactionSettings(timers: TimerSettings, reliable: boolean): TransactionSettings {
  return { ...timers, reliable, timeoutMs: 64 * timers.t1, tryingAfterMs: 0 };
}

/**
 * Timers of RFC 3261 table 4 and RFC 6026 by their letters, and those the RFCs describe without one:
 * - `TRYING`: the user took too long, send 100 (§17.2.1)
 * - `ABANDON`: no client waits for this answer any more
 * - `ANSWER`: repeat the 2xx (§13.3.1.4)
 * - `ACK`: stop waiting for the ACK to a 2xx (§13.3.1.4)
 * - `CANCEL`: stop waiting for the final response after CANCEL (§9.1)
 */
export type TimerName =
  | "A"
  | "B"
  | "D"
  | "E"
  | "F"
  | "G"
  | "H"
  | "I"
  | "J"
  | "K"
  | "L"
  | "M"
  | "TRYING"
  | "ABANDON"
  | "ANSWER"
  | "ACK"
  | "CANCEL";

/** 64*T1: how long either side keeps trying (timers B, F, H, J, L, M). */
export function giveUpMs(timers: TimerSettings): number {
  return 64 * timers.t1;
}

/** RFC 3261 §17.1.1.2: timer D is at least 32 s, because the server's T1 is not known. */
export function timerD(timers: TimerSettings): number {
  return Math.max(32_000, 64 * timers.t1);
}
