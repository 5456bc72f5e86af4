import type {
  DetailRecordSink,
  DetailRecordStream,
  EmergencyRecordBook,
  NotificationBook,
  StreamedRecord,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";

export interface EmergencyRecordPorts {
  readonly emergencies: DetailRecordStream;
  readonly records: EmergencyRecordBook;
  readonly notifications: NotificationBook;
  /** Besides the book; none: the book is all there is. */
  readonly emergencySinks: readonly DetailRecordSink[];
  readonly observer: ControllerObserver;
}

const BATCH = 100;

/**
 * Moves emergency records from their stream to the book and the sinks, in order, with what became of the notifications until then. A record is acknowledged
 * when all have it; one that comes twice has the same id.
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
    const { emergencies, emergencySinks, observer } = this.#ports;
    const read = await emergencies.read(BATCH);
    if (!read.ok || read.value.length === 0) return "rest";
    const told: StreamedRecord[] = [];
    for (const record of read.value) {
      const complete = await this.#withNotifications(record);
      if (complete === null) return "rest";
      told.push(complete);
    }
    for (const sink of emergencySinks) {
      if (!this.#mayDeliver()) return "rest";
      const taken = await sink.take(told);
      if (!taken.ok) {
        observer.emergency.record(sink.name, "retried", told.length);
        this.#note(sink.name);
        return "rest";
      }
    }
    if (!(await this.#intoBook(told))) return "rest";
    this.#note(null);
    const acknowledged = await emergencies.acknowledge(read.value);
    if (!acknowledged.ok) return "rest";
    for (const name of ["book", ...emergencySinks.map((sink) => sink.name)]) {
      observer.emergency.record(name, "delivered", told.length);
    }
    return "again";
  }

  /** Null when the notifications cannot be read: the record waits. */
  async #withNotifications(streamed: StreamedRecord): Promise<StreamedRecord | null> {
    const record = JSON.parse(streamed.json) as { readonly callId: string };
    const found = await this.#ports.notifications.get(record.callId);
    if (!found.ok) return null;
    const notifications = found.value?.deliveries ?? [];
    const acknowledged = found.value?.acknowledged ?? null;
    return { ...streamed, json: JSON.stringify({ ...record, notifications, acknowledged }) };
  }

  async #intoBook(records: readonly StreamedRecord[]): Promise<boolean> {
    for (const { json } of records) {
      const { callId, startMs } = JSON.parse(json) as { readonly callId: string; readonly startMs: number };
      const put = await this.#ports.records.put({ callId, startMs, json });
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
