import type { EmergencyNotice, Failure, NotificationTarget, Result } from "@tandem/domain";
import type { Unwatch } from "./cluster-state.ts";

/** Who was told of an emergency call and how that went: one per call. */
export interface Notification {
  readonly notice: EmergencyNotice;
  readonly deliveries: readonly Delivery[];
  readonly acknowledged: Acknowledgement | null;
}

/** One target's share. */
export interface Delivery {
  readonly target: string;
  readonly kind: NotificationTarget["kind"] | "unknown";
  /** Name of the target that this one stands in for, since nobody there acknowledged; null: told at once. */
  readonly escalatedFrom: string | null;
  readonly state: "waiting" | "delivered" | "failed";
  readonly tries: number;
  readonly firstTryMs: number | null;
  readonly lastTryMs: number | null;
  readonly deliveredMs: number | null;
  /** How the last try went: `200`, `timeout`, a reason. No personal data. */
  readonly result: string;
}

export interface Acknowledgement {
  readonly by: string;
  readonly atMs: number;
  readonly remark: string;
}

/** Notifications of late, kept for a bounded time. */
export interface NotificationBook {
  /** Puts a call's notification there, once; what is there stays. */
  open(notice: EmergencyNotice): Promise<Result<void, Failure>>;
  /** Writes one target's share. */
  note(callId: string, delivery: Delivery): Promise<Result<void, Failure>>;
  /** `already`: somebody was faster; `unknown`: there is no such notification (any more). */
  acknowledge(
    callId: string,
    acknowledgement: Acknowledgement,
  ): Promise<Result<"acknowledged" | "already" | "unknown", Failure>>;
  get(callId: string): Promise<Result<Notification | null, Failure>>;
  /** Newest first. */
  list(limit: number): Promise<Result<readonly Notification[], Failure>>;
}

/** One thing to do about a notification. */
export type NotificationJob =
  | {
      readonly kind: "deliver";
      readonly callId: string;
      readonly target: string;
      readonly escalatedFrom: string | null;
    }
  /** Look whether anybody acknowledged what `target` was told. */
  | { readonly kind: "escalate"; readonly callId: string; readonly target: string };

/** `done`; `again`: not now, with growing pauses, until it is too old; then `lost` is told. */
export type JobEnd = "done" | "again";

/** Jobs that outlive every process. The same job is done once, however often it is queued. */
export interface NotificationQueue {
  add(jobs: readonly { readonly job: NotificationJob; readonly afterMs: number }[]): Promise<Result<void, Failure>>;
  /** Works several jobs at a time until unwatched; only the leader runs it. */
  run(handler: NotificationHandler): Promise<Result<Unwatch, Failure>>;
}

export interface NotificationHandler {
  /** `last`: there will be no further try. */
  work(job: NotificationJob, last: boolean): Promise<JobEnd>;
}

/** One way to tell somebody. */
export interface NotificationChannel {
  readonly kind: NotificationTarget["kind"];
  /** Bounded in time; never rejects. */
  deliver(notice: EmergencyNotice, target: NotificationTarget): Promise<ChannelResult>;
}

export interface ChannelResult {
  /** `refused`: trying again changes nothing. */
  readonly outcome: "delivered" | "refused" | "unreached";
  /** `200`, `timeout`, a reason: no personal data. */
  readonly detail: string;
}
