import type { Delivery, NotificationBook } from "@tandem/call-control";
import { sampleNotice } from "@tandem/call-control/testing";
import type { EmergencyNotice } from "@tandem/domain";
import { expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

/** What every NotificationBook promises. */
export function describeNotificationBook(setUp: () => Promise<Harness<NotificationBook>>): void {
  it("keeps a call's notice as it was given first, and what each target came to", async () => {
    await using harness = await setUp();
    await harness.subject.open(notice("c1", 1));
    await harness.another().open({ ...notice("c1", 1), callerName: "somebody else" });
    await Promise.all([
      harness.subject.note("c1", delivery("desk", 5)),
      harness.another().note("c1", delivery("mail", 4)),
    ]);
    await harness.another().note("c1", { ...delivery("desk", 5), state: "delivered", tries: 2 });
    const found = valueOf(await harness.subject.get("c1"));
    expect(found?.notice).toEqual(notice("c1", 1));
    expect(found?.deliveries).toEqual([delivery("mail", 4), { ...delivery("desk", 5), state: "delivered", tries: 2 }]);
    expect(found?.acknowledged).toBeNull();
  });

  it("lists the newest first, no more than asked for, and knows nothing of others", async () => {
    await using harness = await setUp();
    for (const [at, callId] of ["c1", "c2", "c3"].entries()) await harness.subject.open(notice(callId, at));
    const listed = valueOf(await harness.another().list(2)).map(({ notice: { callId } }) => callId);
    expect(listed).toEqual(["c3", "c2"]);
    expect(valueOf(await harness.subject.get("c9"))).toBeNull();
  });

  it("is acknowledged by one, whoever asks at the same time", async () => {
    await using harness = await setUp();
    await harness.subject.open(notice("c1", 1));
    const books = [harness.subject, harness.another(), harness.another()];
    const ends = await Promise.all(
      books.map((book, at) => book.acknowledge("c1", { by: `operator-${at}`, atMs: at, remark: "" })),
    );
    expect(ends.map(valueOf).toSorted()).toEqual(["acknowledged", "already", "already"]);
    const winner = ends.findIndex((end) => valueOf(end) === "acknowledged");
    expect(valueOf(await harness.subject.get("c1"))?.acknowledged?.by).toBe(`operator-${winner}`);
    const nobody = await harness.subject.acknowledge("c9", { by: "x", atMs: 1, remark: "" });
    expect(valueOf(nobody)).toBe("unknown");
  });
}

function notice(callId: string, atMs: number): EmergencyNotice {
  return sampleNotice({ callId, atMs: 1_800_000_000_000 + atMs, targets: ["desk", "mail"] });
}

function delivery(target: string, firstTryMs: number): Delivery {
  return {
    target,
    kind: "email",
    escalatedFrom: null,
    state: "waiting",
    tries: 1,
    firstTryMs,
    lastTryMs: firstTryMs,
    deliveredMs: null,
    result: "timeout",
  };
}
