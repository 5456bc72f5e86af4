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
