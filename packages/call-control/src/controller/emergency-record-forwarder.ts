import { ok } from "@tandem/domain";
import type {
  Clock,
  DetailRecordSink,
  DetailRecordStream,
  EmergencyRecordBook,
  NotificationBook,
  StreamedRecord,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import { RecordForwarder } from "./record-forwarder.ts";
import { jsonObject } from "./unreadable-entries.ts";

export interface EmergencyRecordPorts {
  readonly emergencies: DetailRecordStream;
  readonly records: EmergencyRecordBook;
  readonly notifications: NotificationBook;
  /** Besides the book; none: the book is all there is. */
  readonly emergencySinks: readonly DetailRecordSink[];
  readonly observer: ControllerObserver;
  readonly clock: Clock;
}

const BATCH = 100;

/** Moves emergency records from their stream to the book and the sinks, with what became of the notifications until then. */
export function forwardEmergencyRecords(
  { emergencies, records, notifications, emergencySinks, observer, clock }: EmergencyRecordPorts,
  mayDeliver: () => boolean,
): RecordForwarder {
  const forwarded = {
    stream: emergencies,
    sinks: [bookSink(records), ...emergencySinks],
    what: "emergency records",
    batch: BATCH,
    isReadable: (record: StreamedRecord) => readRecord(record) !== null,
    complete: (streamed: readonly StreamedRecord[]) => withNotifications(streamed, notifications),
    count: (sink: string, result: "delivered" | "retried" | "failed", count: number) => {
      observer.emergency.record(sink, result, count);
    },
    observer,
    clock,
  } as const;
  return new RecordForwarder(forwarded, mayDeliver);
}

/** Null when the notifications cannot be read: the records wait. */
async function withNotifications(
  records: readonly StreamedRecord[],
  book: NotificationBook,
): Promise<readonly StreamedRecord[] | null> {
  const told: StreamedRecord[] = [];
  for (const streamed of records) {
    const record = readRecord(streamed);
    if (record === null) continue;
    const found = await book.get(record.callId);
    if (!found.ok) return null;
    const notifications = found.value?.deliveries ?? [];
    const acknowledged = found.value?.acknowledged ?? null;
    told.push({ ...streamed, json: JSON.stringify({ ...record.content, notifications, acknowledged }) });
  }
  return told;
}

/** The book as one sink among the others. */
function bookSink(book: EmergencyRecordBook): DetailRecordSink {
  return {
    name: "book",
    async take(records) {
      for (const streamed of records) {
        const record = readRecord(streamed);
        if (record === null) continue;
        const put = await book.put({ callId: record.callId, startMs: record.startMs, json: streamed.json });
        if (!put.ok) return put;
      }
      return ok(undefined);
    },
    close: () => Promise.resolve(),
  };
}

/** What the way to the book needs of a record. */
interface EmergencyRecord {
  readonly content: Readonly<Record<string, unknown>>;
  readonly callId: string;
  readonly startMs: number;
}

/** Null when it is none. What another release wrote, perhaps without a time, is one as long as it says of which call it is. */
function readRecord({ id, streamId, json }: StreamedRecord): EmergencyRecord | null {
  const content = jsonObject(json);
  const callId = content?.["callId"];
  if (content === null || id === "" || typeof callId !== "string" || callId === "") return null;
  const startMs = content["startMs"];
  // An entry's place begins with the time it was written.
  return { content, callId, startMs: typeof startMs === "number" ? startMs : Number.parseInt(streamId, 10) };
}
