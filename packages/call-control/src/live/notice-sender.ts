import { faultOf, type EmergencyNotice } from "@tandem/domain";
import type { Clock, EmergencyNotices, NoticeLog, NoticeSpool, Telemetry } from "../ports/index.ts";

export interface NoticeParts {
  readonly log: NoticeLog;
  readonly spool: NoticeSpool;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const RETRY_MS = 1_000;
/** Notices taken from the disk at a time. */
const SPOOL_BATCH = 50;

/**
 * Brings notices into the log that the controller reads: at once, else from disk for as long as it takes. `announce` returns before anything is done and
 * never throws, so no call ever waits for it or fails by it.
 */
export class NoticeSender implements EmergencyNotices {
  readonly #parts: NoticeParts;
  readonly #waiting: EmergencyNotice[] = [];
  #spooled = true;
  /** Ends when everything that was there has been brought somewhere, or could not be. */
  #working: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
  }

  /** Looks for what an earlier process left on disk. */
  start(): void {
    this.#workLater();
  }

  /** What is in memory goes to the log or to disk; what is on its way there is waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#working;
    for (const notice of this.#waiting.splice(0)) if (!(await this.#deliver(notice))) await this.#toDisk(notice);
  }

  announce(notice: EmergencyNotice): void {
    if (notice.targets.length === 0) return;
    this.#waiting.push(notice);
    this.#tell();
    this.#work();
  }

  #work(): void {
    this.#working ??= this.#bringAll().finally(() => {
      this.#working = null;
      if (this.#spooled || this.#waiting.length > 0) this.#workLater();
    });
  }

  async #bringAll(): Promise<void> {
    const left: EmergencyNotice[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const kept = (await this.#deliver(next)) || (await this.#toDisk(next));
      if (!kept) left.push(next);
    }
    this.#waiting.push(...left);
    if (this.#spooled && !this.#stopped) await this.#workDisk();
    this.#tell();
  }

  async #workDisk(): Promise<void> {
    const { spool, telemetry } = this.#parts;
    const found = await spool.peek(SPOOL_BATCH);
    if (!found.ok) {
      const { code, detail } = found.error;
      return telemetry.log("error", "notices of emergency calls on disk cannot be read", { failure: code, detail });
    }
    for (const notice of found.value) {
      if (this.#stopped || !(await this.#deliver(notice))) return;
      await spool.remove(notice);
    }
    this.#spooled = found.value.length === SPOOL_BATCH;
  }

  /** A bug in the way there is a way that does not work: it may not end the process, which has calls. */
  async #deliver(notice: EmergencyNotice): Promise<boolean> {
    try {
      return (await this.#parts.log.append(notice)).ok;
    } catch (bug) {
      this.#parts.telemetry.log("error", "notice log failed", {
        callId: notice.callId,
        ...faultOf(bug),
      });
      return false;
    }
  }

  /** True when it outlives the process. */
  async #toDisk(notice: EmergencyNotice): Promise<boolean> {
    const { spool, telemetry } = this.#parts;
    this.#spooled = true;
    telemetry.emergency.preparationFailed("notice");
    const kept = await spool.put(notice);
    if (kept.ok) return true;
    const { code, detail } = kept.error;
    const { callId } = notice;
    telemetry.log("error", "notice of an emergency call could not be put on disk", { callId, failure: code, detail });
    return false;
  }

  #workLater(): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(RETRY_MS, () => this.#work());
  }

  #tell(): void {
    this.#parts.telemetry.emergency.noticesWaiting(this.#waiting.length);
  }
}
