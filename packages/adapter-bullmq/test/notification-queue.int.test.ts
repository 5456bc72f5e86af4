import { createNotificationQueue } from "@tandem/adapter-bullmq";
import type { JobEnd, NotificationHandler, NotificationJob } from "@tandem/call-control";
import { until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { deployments, queueConnection } from "./queue-client.ts";

const job = (target: string): NotificationJob => ({ kind: "deliver", callId: "c1", target, escalatedFrom: null });

/** Ends each job as told; keeps what it was given. */
class Scripted implements NotificationHandler {
  readonly worked: { readonly target: string; readonly last: boolean; readonly atMs: number }[] = [];
  readonly end: (target: string, tries: number) => JobEnd | Promise<JobEnd>;

  constructor(end: Scripted["end"]) {
    this.end = end;
  }

  async work({ target }: NotificationJob, last: boolean): Promise<JobEnd> {
    this.worked.push({ target, last, atMs: Date.now() });
    return this.end(target, this.worked.filter((each) => each.target === target).length);
  }
}

describe.each(deployments)("notifications on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  beforeEach(() => fixture.flush());
  afterAll(() => fixture[Symbol.asyncDispose]());

  it("a job is done once, however often it is queued", async () => {
    using connection = queueConnection(fixture.url);
    const queue = createNotificationQueue(connection);
    const handler = new Scripted(() => "done");
    valueOf(await queue.add([{ job: job("desk"), afterMs: 0 }]));
    const end = valueOf(await queue.run(handler));
    await until(() => handler.worked.length === 1);
    valueOf(
      await queue.add([
        { job: job("desk"), afterMs: 0 },
        { job: job("mail"), afterMs: 0 },
      ]),
    );
    await until(() => handler.worked.length === 2);
    expect(handler.worked.map(({ target }) => target)).toEqual(["desk", "mail"]);
    await end();
    await queue.close();
  });

  it("one that cannot be done holds up no other, and is tried again until its last try", async () => {
    using connection = queueConnection(fixture.url);
    const queue = createNotificationQueue(connection, { firstPauseMs: 50, tries: 4 });
    const hanging = Promise.withResolvers<JobEnd>();
    const handler = new Scripted((target) => {
      if (target === "black-hole") return hanging.promise;
      return target === "away" ? "again" : "done";
    });
    const end = valueOf(await queue.run(handler));
    const targets = ["black-hole", "away", "desk"];
    valueOf(await queue.add(targets.map((target) => ({ job: job(target), afterMs: 0 }))));
    await until(() => handler.worked.some(({ target }) => target === "desk"), { what: "the reachable target" });
    await until(() => handler.worked.some(({ target, last }) => target === "away" && last), { what: "the last try" });
    const tries = handler.worked.filter(({ target }) => target === "away");
    expect(tries.map(({ last }) => last)).toEqual([false, false, false, true]);
    hanging.resolve("done");
    await end();
    await queue.close();
  });

  it("one for later waits its time", async () => {
    using connection = queueConnection(fixture.url);
    const queue = createNotificationQueue(connection);
    const handler = new Scripted(() => "done");
    const end = valueOf(await queue.run(handler));
    const queuedMs = Date.now();
    valueOf(await queue.add([{ job: { kind: "escalate", callId: "c1", target: "desk" }, afterMs: 600 }]));
    await until(() => handler.worked.length === 1);
    expect((handler.worked[0]?.atMs ?? 0) - queuedMs).toBeGreaterThanOrEqual(590);
    await end();
    await queue.close();
  });
});
