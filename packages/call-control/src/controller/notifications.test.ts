import { ok, type EmergencyNotice, type NotificationTarget } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import type { ChannelResult, NotificationChannel, NotificationJob, NotificationQueue } from "../ports/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeControllerObserver } from "../testing/fake-controller-ports.ts";
import { FakeNoticeLog, FakeNotificationBook } from "../testing/fake-emergency-books.ts";
import { sampleNotice } from "../testing/sample-notice.ts";
import { Notifications } from "./notifications.ts";

/** Jobs as they were queued; the same job once. */
class FakeQueue implements NotificationQueue {
  readonly jobs = new Map<string, { readonly job: NotificationJob; readonly afterMs: number }>();
  away = false;

  add(jobs: readonly { readonly job: NotificationJob; readonly afterMs: number }[]) {
    if (this.away) return Promise.resolve({ ok: false, error: { code: "queue-unavailable", detail: "" } } as const);
    for (const each of jobs) {
      const key = `${each.job.kind} ${each.job.target}`;
      if (!this.jobs.has(key)) this.jobs.set(key, each);
    }
    return Promise.resolve(ok(undefined));
  }

  run() {
    return Promise.resolve(ok(() => Promise.resolve()));
  }
}

class FakeChannel implements NotificationChannel {
  readonly kind = "email";
  readonly told: string[] = [];
  next: ChannelResult = { outcome: "delivered", detail: "250" };

  deliver(_notice: EmergencyNotice, { name }: NotificationTarget): Promise<ChannelResult> {
    this.told.push(name);
    return Promise.resolve(this.next);
  }
}

function target(name: string, escalateTo: string | null = null): NotificationTarget {
  return { name, kind: "email", address: `${name}@example.net`, escalateTo, escalateAfterMs: 60_000 };
}

function world(targets: readonly NotificationTarget[]) {
  const ports = {
    notices: new FakeNoticeLog(),
    notifications: new FakeNotificationBook(),
    queue: new FakeQueue(),
    clock: new FakeClock(),
    observer: new FakeControllerObserver(),
  };
  const channel = new FakeChannel();
  const all = new Notifications({ ...ports, channels: [channel] }, () => targets);
  return { ...ports, channel, all };
}

function notice(nowMs: number, change: Partial<EmergencyNotice> = {}): EmergencyNotice {
  return sampleNotice({ atMs: nowMs - 250, callerName: "", ...change });
}

async function forwarded(targets: readonly NotificationTarget[], change: Partial<EmergencyNotice> = {}) {
  const all = world(targets);
  await all.notices.append(notice(all.clock.now(), change));
  await all.all.forward();
  return all;
}

const jobsOf = (queue: FakeQueue): readonly string[] => [...queue.jobs.keys()];
const deliver = (name: string, from: string | null = null) =>
  ({ kind: "deliver", callId: "c1", target: name, escalatedFrom: from }) as const;

describe("a notice", () => {
  test("becomes a job per target, and an escalation where the target has one", async () => {
    const targets = [target("desk", "boss"), target("mail"), target("boss")];
    const { queue, notices, notifications } = await forwarded(targets, { targets: ["desk", "mail"] });
    expect(jobsOf(queue)).toEqual(["deliver desk", "escalate desk", "deliver mail"]);
    expect(queue.jobs.get("escalate desk")?.afterMs).toBe(60_000);
    expect(notices.owed).toEqual([]);
    expect(notifications.notices.has("c1")).toBe(true);
  });

  test("stays in the log while its jobs cannot be queued, or its state not be kept", async () => {
    const all = world([target("desk")]);
    await all.notices.append(notice(all.clock.now()));
    all.queue.away = true;
    await all.all.forward();
    all.queue.away = false;
    all.notifications.away = true;
    await all.all.forward();
    expect(all.notices.owed).toHaveLength(1);
    all.notifications.away = false;
    await all.all.forward();
    expect(all.notices.owed).toHaveLength(0);
  });

  test("that cannot be read is set aside, and the next one is a job at once", async () => {
    const { all, notices, queue, clock, observer } = world([target("desk")]);
    notices.owed.push({ streamId: "0", notice: null });
    await notices.append(notice(clock.now()));
    await all.forward();
    expect(jobsOf(queue)).toEqual(["deliver desk"]);
    expect(notices.owed).toEqual([]);
    expect(notices.spoilt).toHaveLength(1);
    expect(observer.told.filter((line) => line.startsWith("error:"))).toEqual([
      "error: notices of emergency calls cannot be read and are set aside",
    ]);
  });

  test("that does not say whom to tell goes to everybody", async () => {
    const { all, notices, queue, notifications, clock } = world([target("desk"), target("boss")]);
    notices.owed.push({ streamId: "0", notice: { ...notice(clock.now()), targets: null } });
    await all.forward();
    expect(jobsOf(queue)).toEqual(["deliver desk", "deliver boss"]);
    expect(notifications.notices.get("c1")?.targets).toEqual(["desk", "boss"]);
  });

  test("of a test call is not escalated", async () => {
    const { queue } = await forwarded([target("desk", "boss"), target("boss")], { test: true, number: "933" });
    expect(jobsOf(queue)).toEqual(["deliver desk"]);
  });
});

describe("a delivery", () => {
  test("that works is done, and told with its delay from the call's INVITE", async () => {
    const { all, notifications, observer, channel } = await forwarded([target("desk")]);
    expect(await all.work(deliver("desk"), false)).toBe("done");
    expect(channel.told).toEqual(["desk"]);
    expect(notifications.deliveries.get("c1")?.get("desk")).toMatchObject({
      state: "delivered",
      tries: 1,
      result: "250",
    });
    expect(observer.told).toContain("notification email delivered 250");
  });

  test("that is queued twice is made once", async () => {
    const { all, channel } = await forwarded([target("desk")]);
    await all.work(deliver("desk"), false);
    expect(await all.work(deliver("desk"), false)).toBe("done");
    expect(channel.told).toEqual(["desk"]);
  });

  test("that does not get through is tried again, and is lost with the last try", async () => {
    const { all, notifications, observer, channel } = await forwarded([target("desk")]);
    channel.next = { outcome: "unreached", detail: "timeout" };
    expect(await all.work(deliver("desk"), false)).toBe("again");
    expect(await all.work(deliver("desk"), true)).toBe("done");
    expect(notifications.deliveries.get("c1")?.get("desk")).toMatchObject({
      state: "failed",
      tries: 2,
      result: "timeout",
    });
    expect(observer.told.filter((line) => line.startsWith("notification"))).toEqual([
      "notification email retried 250",
      "notification email failed 250",
    ]);
  });

  test("that is refused is not tried again", async () => {
    const { all, notifications, channel } = await forwarded([target("desk")]);
    channel.next = { outcome: "refused", detail: "550" };
    expect(await all.work(deliver("desk"), false)).toBe("done");
    expect(notifications.deliveries.get("c1")?.get("desk")?.state).toBe("failed");
  });

  test("to a target that is gone from the topology fails", async () => {
    const { all, notifications } = await forwarded([], { targets: ["gone"] });
    expect(await all.work(deliver("gone"), false)).toBe("done");
    expect(notifications.deliveries.get("c1")?.get("gone")).toMatchObject({ state: "failed", kind: "unknown" });
  });

  test("waits while its state cannot be read", async () => {
    const { all, notifications } = await forwarded([target("desk")]);
    notifications.away = true;
    expect(await all.work(deliver("desk"), false)).toBe("again");
  });
});

describe("before a topology is in force", () => {
  const escalate = { kind: "escalate", callId: "c1", target: "desk" } as const;

  function early() {
    const all = world([target("desk", "boss"), target("boss")]);
    return { ...all, early: new Notifications({ ...all, channels: [all.channel] }, () => null) };
  }

  test("a notice stays in the log", async () => {
    const { early: waiting, all, notices, queue, clock } = early();
    await notices.append(notice(clock.now()));
    expect(await waiting.forward()).toBe("rest");
    expect(notices.owed).toHaveLength(1);
    expect(jobsOf(queue)).toEqual([]);
    await all.forward();
    expect(jobsOf(queue)).toEqual(["deliver desk", "escalate desk"]);
  });

  test("jobs that were queued earlier wait, and nothing is noted as failed", async () => {
    const { early: waiting, all, notices, notifications, channel, queue, clock } = early();
    await notices.append(notice(clock.now()));
    await all.forward();
    expect(await waiting.work(deliver("desk"), false)).toBe("again");
    expect(await waiting.work(escalate, false)).toBe("again");
    expect(notifications.deliveries.get("c1")?.get("desk")).toBeUndefined();
    await all.work(deliver("desk"), false);
    await all.work(escalate, false);
    expect(channel.told).toEqual(["desk"]);
    expect(queue.jobs.has("deliver boss")).toBe(true);
  });
});

test.each([
  ["that can be read", (at: number) => notice(at)],
  ["that cannot", () => null],
] as const)(
  "a full batch of notices %s is followed at once by the next, unless none could be taken out",
  async (_, of) => {
    const { notices, clock, all } = world([target("desk")]);
    notices.owed = Array.from({ length: 50 }, (__, at) => ({ streamId: `${at}-0`, notice: of(clock.now()) }));
    notices.stuck = true;
    expect(await all.forward()).toBe("rest");
    notices.stuck = false;
    expect(await all.forward()).toBe("again");
    expect(await all.forward()).toBe("rest");
  },
);

describe("an escalation", () => {
  const targets = [target("desk", "boss"), target("boss", "desk")];
  const escalate = { kind: "escalate", callId: "c1", target: "desk" } as const;

  test("tells the next one when nobody acknowledged", async () => {
    const { all, queue, observer } = await forwarded(targets);
    await all.work(escalate, false);
    expect(queue.jobs.get("deliver boss")?.job).toEqual(deliver("boss", "desk"));
    expect(observer.told).toContain("escalated");
  });

  test("does nothing once an operator acknowledged", async () => {
    const { all, queue, notifications } = await forwarded(targets);
    await notifications.acknowledge("c1", { by: "ops", atMs: 1, remark: "" });
    await all.work(escalate, false);
    expect(queue.jobs.has("deliver boss")).toBe(false);
  });

  test("that goes round in a circle ends there", async () => {
    const { all, queue } = await forwarded(targets);
    await all.work(escalate, false);
    await all.work(deliver("boss", "desk"), false);
    await all.work({ kind: "escalate", callId: "c1", target: "boss" }, false);
    expect(jobsOf(queue)).toEqual(["deliver desk", "escalate desk", "deliver boss", "escalate boss"]);
  });
});

test("notifications of real calls that nobody acknowledged, and notices that nobody can read, are counted", async () => {
  const { all, notices, notifications, clock, observer } = world([]);
  notices.spoilt.push({ streamId: "0", notice: null });
  await notifications.open(notice(clock.now()));
  await notifications.open(notice(clock.now(), { callId: "c2", test: true }));
  await notifications.open(notice(clock.now() - 2 * 86_400_000, { callId: "c3" }));
  await notifications.open(notice(clock.now(), { callId: "c4" }));
  await notifications.acknowledge("c4", { by: "ops", atMs: 1, remark: "" });
  await all.countUnacknowledged();
  expect(observer.told).toContain("unacknowledged 2");
});
