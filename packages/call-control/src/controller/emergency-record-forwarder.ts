import type {
  DetailRecordSink,
  DetailRecordStream,
  EmergencyRecordBook,
  NotificationBook,
  StreamedRecord,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";
import { jsonObject, setUnreadableAside } from "./unreadable-entries.ts";

export interface EmergencyRecordPorts {
  readonly emergencies: DetailRecordStream;
  readonly records: EmergencyRecordBook;
  readonly notifications: NotificationBook;
  /** Besides the book; none: the book is all there is. */
  readonly emergencySinks: readonly DetailRecordSink[];
  readonly observer: ControllerObserver;
}

const BATCH = 100;

/** A record with what the way to the book needs of it. */
interface EmergencyRecord {
  readonly streamed: StreamedRecord;
  readonly content: Readonly<Record<string, unknown>>;
  readonly callId: string;
  readonly startMs: number;
}

/**
 * Moves emergency records from their stream to the book and the sinks, in order, with what became of the notifications until then. A record is acknowledged
 * when all have it; one that comes twice has the same id. What is no record is set aside, and holds up no other.
 */
export class EmergencyRecordForwarder {
  readonly #ports: EmergencyRecordPorts;
  readonly #mayDeliver: () => boolean;
  #failing: string | null = null;

  /** `mayDeliver`: false once another leader may have begun; what was read before is left to it. */
  constructor(ports: EmergencyRecordPorts, mayDeliver: () => boolean) {
    this.#ports = ports;
    this.#mayDeliver = mayDeliver;
  }

  async round(): Promise<RoundEnd> {
    const { emergencies } = this.#ports;
    const read = await emergencies.read(BATCH);
    if (!read.ok || read.value.length === 0) return "rest";
    const records = read.value.map(readRecord);
    const cleared = await this.#clear(read.value.filter((_, index) => records[index] === null));
    const told: EmergencyRecord[] = [];
    for (const record of records) {
      if (record === null) continue;
      const complete = await this.#withNotifications(record);
      if (complete === null) return "rest";
      told.push(complete);
    }
    if (told.length === 0) return cleared ? "again" : "rest";
    return this.#deliver(told);
  }

  async #deliver(told: readonly EmergencyRecord[]): Promise<RoundEnd> {
    const { emergencies, emergencySinks, observer } = this.#ports;
    const streamed = told.map((record) => record.streamed);
    for (const sink of emergencySinks) {
      if (!this.#mayDeliver()) return "rest";
      const taken = await sink.take(streamed);
      if (!taken.ok) {
        observer.emergency.record(sink.name, "retried", told.length);
        this.#note(sink.name);
        return "rest";
      }
    }
    if (!(await this.#intoBook(told))) return "rest";
    this.#note(null);
    const acknowledged = await emergencies.acknowledge(streamed);
    if (!acknowledged.ok) return "rest";
    for (const name of ["book", ...emergencySinks.map((sink) => sink.name)]) {
      observer.emergency.record(name, "delivered", told.length);
    }
    return "again";
  }

  async #clear(unreadable: readonly StreamedRecord[]): Promise<boolean> {
    const { emergencies: stream, observer } = this.#ports;
    const cleared = await setUnreadableAside(unreadable, { stream, observer, what: "emergency records" });
    if (cleared) observer.emergency.record("aside", "failed", unreadable.length);
    return cleared;
  }

  /** Null when the notifications cannot be read: the record waits. */
  async #withNotifications(record: EmergencyRecord): Promise<EmergencyRecord | null> {
    const found = await this.#ports.notifications.get(record.callId);
    if (!found.ok) return null;
    const notifications = found.value?.deliveries ?? [];
    const acknowledged = found.value?.acknowledged ?? null;
    const json = JSON.stringify({ ...record.content, notifications, acknowledged });
    return { ...record, streamed: { ...record.streamed, json } };
  }

  async #intoBook(records: readonly EmergencyRecord[]): Promise<boolean> {
    for (const { streamed, callId, startMs } of records) {
      const put = await this.#ports.records.put({ callId, startMs, json: streamed.json });
      if (!put.ok) return false;
    }
    return true;
  }

  /** One line when a sink begins to fail and one when all work again. */
  #note(failing: string | null): void {
    if (failing === this.#failing) return;
    const { observer } = this.#ports;
    if (failing === null) observer.log("info", "emergency records flow again", { sink: this.#failing });
    else observer.log("error", "emergency records are not taken", { sink: failing });
    this.#failing = failing;
  }
}

/** Null when it is none. What another release wrote, perhaps without a time, is one as long as it says of which call it is. */
function readRecord(streamed: StreamedRecord): EmergencyRecord | null {
  const content = jsonObject(streamed.json);
  const callId = content?.["callId"];
  if (content === null || streamed.id === "" || typeof callId !== "string" || callId === "") return null;
  const startMs = content["startMs"];
  // An entry's place begins with the time it was written.
  const writtenMs = Number.parseInt(streamed.streamId, 10);
  return { streamed, content, callId, startMs: typeof startMs === "number" ? startMs : writtenMs };
}
