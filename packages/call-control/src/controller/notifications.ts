import type { EmergencyNotice, NotificationTarget } from "@tandem/domain";
import type {
  ChannelResult,
  Clock,
  Delivery,
  JobEnd,
  NoticeStream,
  NotificationBook,
  NotificationChannel,
  NotificationHandler,
  NotificationJob,
  NotificationQueue,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";
import { setUnreadableAside } from "./unreadable-entries.ts";

export interface NotificationPorts {
  readonly notices: NoticeStream;
  readonly notifications: NotificationBook;
  readonly queue: NotificationQueue;
  readonly channels: readonly NotificationChannel[];
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

const BATCH = 50;
const DAY_MS = 86_400_000;
/** Notifications looked at for the figure of those nobody acknowledged. */
const LOOK_BACK = 500;

type Deliver = Extract<NotificationJob, { kind: "deliver" }>;

/**
 * Tells the targets of a location policy of an emergency call: each by a job of its own, so that one that cannot be reached holds up nobody else. Who has an
 * escalation is followed by it unless an operator acknowledges the notification in time; test calls are not escalated.
 */
export class Notifications implements NotificationHandler {
  readonly #ports: NotificationPorts;
  readonly #targets: () => readonly NotificationTarget[] | null;

  /**
   * `targets` are those of the topology in force: a corrected address counts for the next try. Null: no topology is in force yet, and everything waits for
   * one rather than being refused for want of a target.
   */
  constructor(ports: NotificationPorts, targets: () => readonly NotificationTarget[] | null) {
    this.#ports = ports;
    this.#targets = targets;
  }

  /** Turns notices into jobs. A notice is acknowledged when its jobs are queued; until then it comes again, and the same job is queued once. What is no notice is set aside. */
  async forward(): Promise<RoundEnd> {
    const { notices, notifications, queue, observer } = this.#ports;
    if (this.#targets() === null) return "rest";
    const read = await notices.read(BATCH);
    if (!read.ok) return "rest";
    const unreadable = read.value.filter(({ notice }) => notice === null);
    let isMoving = await setUnreadableAside(unreadable, {
      stream: notices,
      observer,
      what: "notices of emergency calls",
    });
    for (const streamed of read.value) {
      const { notice } = streamed;
      if (notice === null) continue;
      const told = { ...notice, targets: notice.targets ?? this.#everybody() };
      const opened = await notifications.open(told);
      const queued = opened.ok ? await queue.add(this.#firstJobs(told)) : opened;
      if (!queued.ok) return "rest";
      const ended = await notices.acknowledge([streamed]);
      if (ended.ok) isMoving = true;
    }
    // The same ones again, at once, would be a loop without a rest.
    return isMoving && read.value.length === BATCH ? "again" : "rest";
  }

  async work(job: NotificationJob, last: boolean): Promise<JobEnd> {
    if (this.#targets() === null) return "again";
    return job.kind === "deliver" ? this.#deliver(job, last) : this.#escalate(job);
  }

  /** Real calls of the last day that no operator acknowledged, and notices that nobody could read, told as a figure. */
  async countUnacknowledged(): Promise<RoundEnd> {
    const { notices, notifications, observer, clock } = this.#ports;
    const [listed, aside] = await Promise.all([notifications.list(LOOK_BACK), notices.aside()]);
    if (!listed.ok || !aside.ok) return "rest";
    const sinceMs = clock.now() - DAY_MS;
    const open = listed.value.filter(
      ({ notice, acknowledged }) => acknowledged === null && !notice.test && notice.atMs >= sinceMs,
    );
    observer.emergency.unacknowledged(open.length + aside.value);
    return "rest";
  }

  /** For a notice that does not say whom to tell: better one who is not concerned than nobody. */
  #everybody(): readonly string[] {
    return this.#targets()?.map(({ name }) => name) ?? [];
  }

  #firstJobs(notice: EmergencyNotice) {
    return notice.targets.flatMap((target) => this.#jobsFor(notice, { target, escalatedFrom: null }));
  }

  #jobsFor(notice: EmergencyNotice, { target, escalatedFrom }: Pick<Deliver, "target" | "escalatedFrom">) {
    const { callId } = notice;
    const known = this.#named(target);
    const now = { job: { kind: "deliver", callId, target, escalatedFrom } as const, afterMs: 0 };
    if (known === undefined || known.escalateTo === null || notice.test) return [now];
    return [now, { job: { kind: "escalate", callId, target } as const, afterMs: known.escalateAfterMs }];
  }

  async #deliver({ callId, target: name, escalatedFrom }: Deliver, last: boolean): Promise<JobEnd> {
    const { notifications, observer, clock } = this.#ports;
    const found = await notifications.get(callId);
    if (!found.ok) return "again";
    if (found.value === null) return "done";
    const earlier = found.value.deliveries.find((delivery) => delivery.target === name);
    if (earlier !== undefined && earlier.state !== "waiting") return "done";
    const { notice } = found.value;
    const target = this.#named(name);
    const startMs = clock.now();
    const result = await this.#tell(notice, target);
    const after = delivered(earlier ?? blank(name, escalatedFrom), { result, target, startMs, last });
    await notifications.note(callId, { ...after, ...(after.state === "delivered" && { deliveredMs: clock.now() }) });
    const told = after.state === "waiting" ? "retried" : after.state;
    if (after.kind !== "unknown") observer.emergency.notification(after.kind, told, clock.now() - notice.atMs);
    const level = told === "failed" ? "error" : told === "retried" ? "warn" : "info";
    observer.log(level, `emergency notification ${told}`, { callId, target: name, result: after.result });
    return after.state === "waiting" ? "again" : "done";
  }

  async #tell(notice: EmergencyNotice, target: NotificationTarget | undefined): Promise<ChannelResult> {
    if (target === undefined) return { outcome: "refused", detail: "the topology has no such target" };
    const channel = this.#ports.channels.find(({ kind }) => kind === target.kind);
    if (channel === undefined) return { outcome: "refused", detail: `no way to send ${target.kind} is configured` };
    return channel.deliver(notice, target);
  }

  async #escalate({ callId, target: name }: Extract<NotificationJob, { kind: "escalate" }>): Promise<JobEnd> {
    const { notifications, queue, observer } = this.#ports;
    const found = await notifications.get(callId);
    if (!found.ok) return "again";
    const next = this.#named(name)?.escalateTo ?? null;
    if (found.value === null || found.value.acknowledged !== null || next === null) return "done";
    // Who was told already, or is being told, is not told again: escalations may go round in a circle.
    const told = new Set([...found.value.notice.targets, ...found.value.deliveries.map(({ target }) => target)]);
    if (told.has(next)) return "done";
    const queued = await queue.add(this.#jobsFor(found.value.notice, { target: next, escalatedFrom: name }));
    if (!queued.ok) return "again";
    observer.emergency.escalated();
    observer.log("warn", "emergency notification escalated", { callId, from: name, to: next });
    return "done";
  }

  #named(name: string): NotificationTarget | undefined {
    return this.#targets()?.find((target) => target.name === name);
  }
}

function blank(target: string, escalatedFrom: string | null): Delivery {
  return {
    target,
    kind: "unknown",
    escalatedFrom,
    state: "waiting",
    tries: 0,
    firstTryMs: null,
    lastTryMs: null,
    deliveredMs: null,
    result: "",
  };
}

interface Try {
  readonly result: ChannelResult;
  readonly target: NotificationTarget | undefined;
  readonly startMs: number;
  readonly last: boolean;
}

function delivered(before: Delivery, { result, target, startMs, last }: Try): Delivery {
  const { outcome, detail } = result;
  const over = outcome === "refused" || last;
  return {
    ...before,
    kind: target?.kind ?? "unknown",
    state: outcome === "delivered" ? "delivered" : over ? "failed" : "waiting",
    tries: before.tries + 1,
    firstTryMs: before.firstTryMs ?? startMs,
    lastTryMs: startMs,
    result: detail,
  };
}
