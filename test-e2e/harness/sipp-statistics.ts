/** What a SIPp run counted from its start to its end. */
export interface SippStatistics {
  readonly completed: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Messages that belonged to no call. */
  readonly outOfCall: number;
  /** Messages for calls that were over. */
  readonly deadCall: number;
  /** Names of the failure counters that are not zero, with their values. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Reads the last line of what `-trace_stat` wrote. */
export function parseStatistics(csv: string): SippStatistics {
  const [header = "", ...rows] = csv.trim().split("\n");
  const names = header.split(";");
  const values = (rows.at(-1) ?? "").split(";");
  const total = (name: string): number => Number(values[names.indexOf(`${name}(C)`)] ?? 0);
  const failures = names
    .flatMap((name) => /^(Failed[A-Z]\w*)\(C\)$/.exec(name)?.[1] ?? [])
    .map((name) => [name, total(name)] as const)
    .filter(([name, count]) => name !== "FailedCall" && count > 0);
  return {
    completed: total("SuccessfulCall"),
    failed: total("FailedCall"),
    retransmissions: total("Retransmissions"),
    outOfCall: total("OutOfCallMsgs"),
    deadCall: total("DeadCallMsgs"),
    failures: Object.fromEntries(failures),
  };
}
