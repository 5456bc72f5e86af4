import { err, ok, type NotificationTarget } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import type { Errand, ErrandResult, WorkerErrands } from "../ports/index.ts";
import { sampleNotice } from "../testing/sample-notice.ts";
import { compiled, sampleTopology } from "../testing/sample-topology.ts";
import { SipNotification } from "./sip-notification.ts";

const named = { escalateTo: null, escalateAfterMs: 60_000 };
const target: NotificationTarget = {
  name: "desk",
  kind: "sip",
  uri: "sip:desk@198.51.100.1",
  trunk: "pstn-1",
  ...named,
};
const notice = sampleNotice({
  atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  location: { kind: "none", method: null, civic: { rd: "Broadway" }, references: [] },
});

/** Errands end so; null: no worker takes them. */
function channel(end: Pick<ErrandResult, "outcome" | "code"> | null) {
  const asked: Errand[] = [];
  const errands: WorkerErrands = {
    request(errand) {
      asked.push(errand);
      if (end === null) return Promise.resolve(err({ code: "worker-lost", detail: "" }));
      return Promise.resolve(ok({ id: errand.id, ...end, roundTripMs: 1 }));
    },
    serve: () => Promise.resolve(ok(() => Promise.resolve())),
  };
  return { asked, sip: new SipNotification(errands, () => compiled(sampleTopology), "controller-1") };
}

describe("a notification by MESSAGE", () => {
  test("leaves by a worker of the trunk's pool, with the headers clients recognise", async () => {
    const { asked, sip } = channel({ outcome: "answered", code: 202 });
    expect(await sip.deliver(notice, target)).toEqual({ outcome: "delivered", detail: "202" });
    expect(asked[0]).toMatchObject({
      pool: "east",
      trunk: "pstn-1",
      task: { kind: "message", uri: "sip:desk@198.51.100.1", contentType: "text/plain;charset=UTF-8" },
    });
    const task = asked[0]?.task;
    if (task?.kind !== "message") throw new Error("no message");
    expect(Object.fromEntries(task.headers)).toMatchObject({
      Priority: "emergency",
      "Call-Info": "<sip:2001@192.0.2.10>;purpose=ms-emergency-notification",
      Subject: "Emergency call to 911 from Ann 2001",
      Date: "Fri, 02 Jan 2026 03:04:05 GMT",
    });
    expect(task.body).toContain("RD: Broadway\r\n");
  });

  test("of a test call asks for no priority", async () => {
    const { asked, sip } = channel({ outcome: "answered", code: 200 });
    await sip.deliver({ ...notice, test: true }, target);
    const task = asked[0]?.task;
    expect(task?.kind === "message" && Object.fromEntries(task.headers)).toMatchObject({ Priority: "non-urgent" });
  });

  test.each([
    [{ outcome: "answered", code: 404 }, "refused"],
    [{ outcome: "answered", code: 603 }, "refused"],
    [{ outcome: "answered", code: 480 }, "unreached"],
    [{ outcome: "answered", code: 503 }, "unreached"],
    [{ outcome: "timeout", code: null }, "unreached"],
    [{ outcome: "unreachable", code: null }, "unreached"],
    [null, "unreached"],
  ] as const)("that ends with %o is %s", async (end, outcome) => {
    expect((await channel(end).sip.deliver(notice, target)).outcome).toBe(outcome);
  });

  test("over a trunk the topology does not have waits for one that has it", async () => {
    const { sip } = channel({ outcome: "answered", code: 200 });
    expect((await sip.deliver(notice, { ...target, trunk: "gone" })).outcome).toBe("unreached");
  });
});
