import { ok } from "@tandem/domain";
import type { Clock, DetailRecordSink, DetailRecordStream, StreamedRecord } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import { RecordForwarder } from "./record-forwarder.ts";
import { jsonObject } from "./unreadable-entries.ts";

export interface DetailForwarderPorts {
  readonly details: DetailRecordStream;
  /** Empty: records are counted and dropped, which the log says. */
  readonly sinks: readonly DetailRecordSink[];
  readonly observer: ControllerObserver;
  readonly clock: Clock;
}

const BATCH = 200;

/** Where records go that nobody is to have. */
const NOBODY: DetailRecordSink = {
  name: "none",
  take: () => Promise.resolve(ok(undefined)),
  close: () => Promise.resolve(),
};

/** Moves detail records from their stream to the sinks. `mayDeliver`: see `RecordForwarder`. */
export function forwardDetails(
  { details, sinks, observer, clock }: DetailForwarderPorts,
  mayDeliver: () => boolean,
): RecordForwarder {
  const records = {
    stream: details,
    sinks: sinks.length === 0 ? [NOBODY] : sinks,
    what: "detail records",
    batch: BATCH,
    isReadable,
    complete: (read: readonly StreamedRecord[]) => Promise.resolve(read),
    count: (sink: string, result: "delivered" | "retried" | "failed", count: number) => {
      observer.detailRecord(sink, sink === NOBODY.name ? "failed" : result, count);
    },
    observer,
    clock,
  } as const;
  return new RecordForwarder(records, mayDeliver);
}

/** A receiver would refuse a whole batch for one that is none. */
function isReadable({ id, json }: StreamedRecord): boolean {
  return id !== "" && jsonObject(json) !== null;
}
