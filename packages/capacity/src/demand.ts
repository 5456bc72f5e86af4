/** What the cluster must carry in its busy hour. */
export interface Demand {
  /** Call attempts in the busy hour, all pools together. */
  readonly busyHourCalls: number;
  /** Mean seconds from answer to end. */
  readonly holdS: number;
  /** Mean seconds from INVITE to answer or refusal. */
  readonly ringS: number;
  /** Share of calls that are answered, 0 to 1. */
  readonly answered: number;
  /** Mean ways out tried per call, 1 or more. */
  readonly attemptsPerCall: number;
  /** How much more comes in the busiest minute than on average in the busy hour, 1 or more. */
  readonly peak: number;
  readonly pools: readonly Share[];
  readonly gateways: readonly Share[];
  /** Share of calls that may find every channel busy, above 0. */
  readonly blocking: number;
  /** Hours for which detail records must find room while their receiver is away. */
  readonly recordHours: number;
}

/** A pool or gateway and how much of the whole it takes; shares need not add up to one or a hundred. */
export interface Share {
  readonly name: string;
  readonly share: number;
}

/** Shares as parts of one. */
export function partsOfOne(shares: readonly Share[]): readonly Share[] {
  const sum = shares.reduce((total, { share }) => total + share, 0);
  return shares.map(({ name, share }) => ({ name, share: share / sum }));
}

/** New calls per second in the busiest minute. */
export function peakCallsPerSecond({ busyHourCalls, peak }: Demand): number {
  return (busyHourCalls / 3_600) * peak;
}

/** Mean seconds that a call occupies a channel: ringing, and talking if it is answered. */
export function channelSeconds({ ringS, holdS, answered }: Demand): number {
  return ringS + answered * holdS;
}
