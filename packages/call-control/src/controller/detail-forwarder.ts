import type { DetailRecordSink, DetailRecordStream, StreamedRecord } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";
import { jsonObject, setUnreadableAside } from "./unreadable-entries.ts";

export interface DetailForwarderPorts {
  readonly details: DetailRecordStream;
  /** In this order; empty: records are counted and dropped, which the log says. */
  readonly sinks: readonly DetailRecordSink[];
  readonly observer: ControllerObserver;
}

const BATCH = 200;

/**
 * Moves detail records from the stream to the sinks, in order. A batch is acknowledged when every sink has it; until then it is read again, so a sink may get
 * a record twice (with the same id) after a failure or a change of leader. What is no record is set aside: a receiver would refuse the whole batch for it.
 */
export class DetailForwarder {
  readonly #ports: DetailForwarderPorts;
  readonly #mayDeliver: () => boolean;
  #failing: string | null = null;

  /** `mayDeliver`: false once another leader may have begun; what was read before is left to it. */
  constructor(ports: DetailForwarderPorts, mayDeliver: () => boolean) {
    this.#ports = ports;
    this.#mayDeliver = mayDeliver;
  }

  async round(): Promise<RoundEnd> {
    const { details, sinks, observer } = this.#ports;
    const read = await details.read(BATCH);
    if (!read.ok || read.value.length === 0) return "rest";
    const records = read.value.filter(isReadable);
    const cleared = await this.#clear(read.value.filter((record) => !isReadable(record)));
    if (records.length === 0) return cleared ? "again" : "rest";
    for (const sink of sinks) {
      if (!this.#mayDeliver()) return "rest";
      const taken = await sink.take(records);
      if (!taken.ok) {
        observer.detailRecord(sink.name, "retried", records.length);
        this.#note(sink.name, taken.error.detail);
        return "rest";
      }
    }
    this.#note(null, "");
    const acknowledged = await details.acknowledge(records);
    if (!acknowledged.ok) return "rest";
    for (const { name } of sinks) observer.detailRecord(name, "delivered", records.length);
    if (sinks.length === 0) observer.detailRecord("none", "failed", records.length);
    return "again";
  }

  async #clear(unreadable: readonly StreamedRecord[]): Promise<boolean> {
    const { details: stream, observer } = this.#ports;
    const cleared = await setUnreadableAside(unreadable, { stream, observer, what: "detail records" });
    if (cleared) observer.detailRecord("aside", "failed", unreadable.length);
    return cleared;
  }

  /** One line when a sink begins to fail and one when all work again, not one per round. */
  #note(failing: string | null, detail: string): void {
    if (failing === this.#failing) return;
    const { observer } = this.#ports;
    if (failing === null) observer.log("info", "detail records flow again", { sink: this.#failing });
    else observer.log("error", "detail records are not taken", { sink: failing, detail });
    this.#failing = failing;
  }
}

function isReadable({ id, json }: StreamedRecord): boolean {
  return id !== "" && jsonObject(json) !== null;
}
