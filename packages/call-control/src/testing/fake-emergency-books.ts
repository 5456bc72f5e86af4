import { err, ok, type EmergencyNotice, type Failure, type Result } from "@tandem/domain";
import type {
  Acknowledgement,
  Delivery,
  EmergencyPath,
  EmergencyPathBoard,
  EmergencyRecordBook,
  NoticeLog,
  NoticeSpool,
  NoticeStream,
  Notification,
  NotificationBook,
  StreamedNotice,
} from "../ports/index.ts";

const AWAY: Failure = { code: "store-unavailable", detail: "the fake is away" };

/** The NotificationBook contract in memory. */
export class FakeNotificationBook implements NotificationBook {
  readonly notices = new Map<string, EmergencyNotice>();
  readonly deliveries = new Map<string, Map<string, Delivery>>();
  readonly acknowledgements = new Map<string, Acknowledgement>();
  away = false;

  open(notice: EmergencyNotice): Promise<Result<void, Failure>> {
    return this.#run(() => {
      if (!this.notices.has(notice.callId)) this.notices.set(notice.callId, notice);
    });
  }

  note(callId: string, delivery: Delivery): Promise<Result<void, Failure>> {
    return this.#run(() => {
      const known = this.deliveries.get(callId) ?? new Map<string, Delivery>();
      this.deliveries.set(callId, known.set(delivery.target, delivery));
    });
  }

  acknowledge(
    callId: string,
    acknowledgement: Acknowledgement,
  ): Promise<Result<"acknowledged" | "already" | "unknown", Failure>> {
    return this.#run(() => {
      if (!this.notices.has(callId)) return "unknown";
      if (this.acknowledgements.has(callId)) return "already";
      this.acknowledgements.set(callId, acknowledgement);
      return "acknowledged";
    });
  }

  get(callId: string): Promise<Result<Notification | null, Failure>> {
    return this.#run(() => this.#read(callId));
  }

  list(limit: number): Promise<Result<readonly Notification[], Failure>> {
    return this.#run(() => {
      const newest = [...this.notices.values()].sort((a, b) => b.atMs - a.atMs).slice(0, limit);
      return newest.flatMap(({ callId }) => this.#read(callId) ?? []);
    });
  }

  #read(callId: string): Notification | null {
    const notice = this.notices.get(callId);
    if (notice === undefined) return null;
    const deliveries = [...(this.deliveries.get(callId)?.values() ?? [])];
    deliveries.sort((a, b) => (a.firstTryMs ?? Infinity) - (b.firstTryMs ?? Infinity));
    return { notice, deliveries, acknowledged: this.acknowledgements.get(callId) ?? null };
  }

  #run<T>(act: () => T): Promise<Result<T, Failure>> {
    return Promise.resolve(this.away ? err(AWAY) : ok(act()));
  }
}

/** Notices in memory, both ends. `hold` is awaited before a notice is taken. */
export class FakeNoticeLog implements NoticeLog, NoticeStream {
  owed: StreamedNotice[] = [];
  spoilt: StreamedNotice[] = [];
  away = false;
  /** While true nothing can be taken out. */
  stuck = false;
  hold: () => Promise<void> = () => Promise.resolve();
  #serial = 0;

  async append(notice: EmergencyNotice): Promise<Result<void, Failure>> {
    await this.hold();
    if (this.away) return err(AWAY);
    this.owed.push({ streamId: String((this.#serial += 1)), notice });
    return ok(undefined);
  }

  read(limit: number): Promise<Result<readonly StreamedNotice[], Failure>> {
    return Promise.resolve(this.away ? err(AWAY) : ok(this.owed.slice(0, limit)));
  }

  acknowledge(notices: readonly StreamedNotice[]): Promise<Result<void, Failure>> {
    if (this.stuck) return Promise.resolve(err(AWAY));
    const done = new Set(notices.map(({ streamId }) => streamId));
    this.owed = this.owed.filter(({ streamId }) => !done.has(streamId));
    return Promise.resolve(ok(undefined));
  }

  setAside(notices: readonly StreamedNotice[]): Promise<Result<void, Failure>> {
    if (!this.stuck) this.spoilt.push(...notices);
    return this.acknowledge(notices);
  }

  aside(): Promise<Result<number, Failure>> {
    return Promise.resolve(ok(this.spoilt.length));
  }
}

/** A spool in memory. */
export class FakeNoticeSpool implements NoticeSpool {
  readonly notices = new Map<string, EmergencyNotice>();

  put(notice: EmergencyNotice): Promise<Result<void, Failure>> {
    this.notices.set(notice.callId, notice);
    return Promise.resolve(ok(undefined));
  }

  peek(limit: number): Promise<Result<readonly EmergencyNotice[], Failure>> {
    return Promise.resolve(ok([...this.notices.values()].slice(0, limit)));
  }

  remove(notice: EmergencyNotice): Promise<Result<void, Failure>> {
    this.notices.delete(notice.callId);
    return Promise.resolve(ok(undefined));
  }
}

/** The EmergencyPathBoard contract in memory. */
export class FakeEmergencyPathBoard implements EmergencyPathBoard {
  readonly paths = new Map<string, EmergencyPath>();

  all(): Promise<Result<readonly EmergencyPath[], Failure>> {
    return Promise.resolve(ok([...this.paths.values()]));
  }

  /** Epoch of the newest leader's term. */
  reign = 0;

  set(path: EmergencyPath, epoch: number): Promise<Result<void, Failure>> {
    if (epoch < this.reign) return Promise.resolve(err({ code: "lease-lost", detail: "a later term has begun" }));
    this.paths.set(`${path.pool}/${path.trunk}`, path);
    return Promise.resolve(ok(undefined));
  }

  forget(path: { readonly pool: string; readonly trunk: string }, epoch: number): Promise<Result<void, Failure>> {
    if (epoch < this.reign) return Promise.resolve(err({ code: "lease-lost", detail: "a later term has begun" }));
    this.paths.delete(`${path.pool}/${path.trunk}`);
    return Promise.resolve(ok(undefined));
  }
}

/** The EmergencyRecordBook contract in memory. */
export class FakeEmergencyRecordBook implements EmergencyRecordBook {
  readonly records = new Map<string, { readonly startMs: number; readonly json: string }>();

  put({
    callId,
    startMs,
    json,
  }: {
    readonly callId: string;
    readonly startMs: number;
    readonly json: string;
  }): Promise<Result<void, Failure>> {
    this.records.set(callId, { startMs, json });
    return Promise.resolve(ok(undefined));
  }

  get(callId: string): Promise<Result<string | null, Failure>> {
    return Promise.resolve(ok(this.records.get(callId)?.json ?? null));
  }

  list(limit: number): Promise<Result<readonly string[], Failure>> {
    const newest = [...this.records.values()].sort((a, b) => b.startMs - a.startMs);
    return Promise.resolve(ok(newest.slice(0, limit).map(({ json }) => json)));
  }
}
