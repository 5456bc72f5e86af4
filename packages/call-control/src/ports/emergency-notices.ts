import type { EmergencyNotice, Failure, KeptNotice, Result } from "@tandem/domain";

/** Tells people of an emergency call. */
export interface EmergencyNotices {
  /** Takes the notice and returns at once; nothing that happens to it touches the call. */
  announce(notice: EmergencyNotice): void;
}

/** The workers' end of the way to the leading controller, who has the notices delivered. */
export interface NoticeLog {
  /** Returns once the notice outlives the process. Twice is as good as once. */
  append(notice: EmergencyNotice): Promise<Result<void, Failure>>;
}

/** Local disk for notices while the log is away, and over a restart of the process. */
export interface NoticeSpool {
  put(notice: EmergencyNotice): Promise<Result<void, Failure>>;
  /** Some notices; they stay until removed. */
  peek(limit: number): Promise<Result<readonly EmergencyNotice[], Failure>>;
  remove(notice: EmergencyNotice): Promise<Result<void, Failure>>;
}

/** The controller's end: at least once, in order. */
export interface NoticeStream {
  read(limit: number): Promise<Result<readonly StreamedNotice[], Failure>>;
  acknowledge(notices: readonly StreamedNotice[]): Promise<Result<void, Failure>>;
  /** Takes notices that cannot be read out of the log, and keeps them for people to look at. */
  setAside(notices: readonly StreamedNotice[]): Promise<Result<void, Failure>>;
  /** How many of them are kept. */
  aside(): Promise<Result<number, Failure>>;
}

export interface StreamedNotice {
  readonly streamId: string;
  /** Null: it cannot be read. */
  readonly notice: KeptNotice | null;
}
