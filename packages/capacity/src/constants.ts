/** What one call costs, as `npm run bench` measured it (constants.json), and how full a process may be. */
export interface MeasuredConstants {
  /** CPU milliseconds of one call from INVITE to BYE. */
  readonly edgeMsPerCall: number;
  readonly workerMsPerCall: number;
  readonly redisMsPerCall: number;
  /** Bytes in Redis of a call that is up, and of a detail record that waits. */
  readonly redisBytesPerCall: number;
  readonly redisBytesPerDetailRecord: number;
  /** Calls one worker sets up at once (`TANDEM_MAX_SETUPS`). */
  readonly setupsPerWorker: number;
  /** Share of a core that a process is planned to use; the rest is for bursts, probes and a neighbour's loss. */
  readonly utilisation: number;
}

/** The part of a bench's JSON that is read here. */
export interface BenchFigures {
  readonly results: readonly {
    readonly element: string;
    readonly steps: readonly {
      readonly rate: number;
      readonly clean: boolean;
      readonly cpuMsPerCall: Readonly<Record<string, number>>;
    }[];
    readonly memory: { readonly bytesPerCall: Readonly<Record<string, number>> } | null;
  }[];
}

/**
 * Constants with what a bench run measured in place of what it measures: CPU of the split arrangement at the lowest rate that was clean (the dearest per call,
 * so the plan is on the safe side), else at the lowest of all; memory of an established call. `null`: the run has no split element.
 */
export function constantsFromBench(bench: BenchFigures, before: MeasuredConstants): MeasuredConstants | null {
  const split = bench.results.find(({ element }) => element === "Tandem split");
  const steps = split?.steps.toSorted((left, right) => left.rate - right.rate) ?? [];
  const step = steps.find(({ clean }) => clean) ?? steps[0];
  if (split === undefined || step === undefined) return null;
  const { edge, worker, redis } = step.cpuMsPerCall;
  return {
    ...before,
    edgeMsPerCall: edge ?? before.edgeMsPerCall,
    workerMsPerCall: worker ?? before.workerMsPerCall,
    redisMsPerCall: redis ?? before.redisMsPerCall,
    redisBytesPerCall: split.memory?.bytesPerCall["redis"] ?? before.redisBytesPerCall,
  };
}
