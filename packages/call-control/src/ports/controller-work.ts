import type { Failure, Result } from "@tandem/domain";
import type { StreamedRecord, Unwatch } from "./cluster-state.ts";

/** When which trunk is due for a probe; kept outside the process, so that a successor goes on with it. */
export interface ProbeSchedule {
  /** Makes the schedule exactly this: new trunks are due at once, changed intervals count from now, absent trunks are never due again. */
  replace(entries: readonly ProbeEntry[]): Promise<Result<void, Failure>>;
  /** Changes or adds one trunk; it is due next after `everyMs`. */
  reschedule(entry: ProbeEntry): Promise<Result<void, Failure>>;
  /** The trunk is never due again. */
  cancel(trunk: string): Promise<Result<void, Failure>>;
  /** Calls `onDue` for each trunk that is due, several at a time, until unwatched; only the leader runs it. */
  run(onDue: (trunk: string) => Promise<void>): Promise<Result<Unwatch, Failure>>;
}

export interface ProbeEntry {
  readonly trunk: string;
  readonly everyMs: number;
}

/** Where detail records go. Each sink has the records in the order given; one may come twice, with the same id. */
export interface DetailRecordSink {
  /** Short and stable: a metric label. */
  readonly name: string;
  /** Resolves once the records are safe there: written, or in a queue that outlives the process. On a failure none of them count as taken. */
  take(records: readonly StreamedRecord[]): Promise<Result<void, Failure>>;
  close(): Promise<void>;
}

/** Finds and ends leases on trunks whose call is gone. */
export interface GateLedger {
  leases(trunk: string): Promise<Result<readonly GateLease[], Failure>>;
  release(trunk: string, callId: string): Promise<Result<void, Failure>>;
}

/** A call's hold on a trunk. */
export interface GateLease {
  readonly callId: string;
  /** Epoch milliseconds when it lapses. */
  readonly untilMs: number;
}

export interface CallPresence {
  /** Which of these calls are live. */
  existing(callIds: readonly string[]): Promise<Result<ReadonlySet<string>, Failure>>;
}

/** The topology document as it lies in files beside the process. */
export interface TopologyFile {
  /** What stands there now; the failure says why it cannot be read. */
  read(): Promise<Result<TopologyFileContent, Failure>>;
}

export interface TopologyFileContent {
  /** Of the text: another text, another digest. */
  readonly digest: string;
  /** The document as JSON, or what is wrong with it, one line each. */
  readonly json: Result<string, readonly string[]>;
  /** What is doubtful in a document that can be used, one line each. */
  readonly warnings: readonly string[];
}
