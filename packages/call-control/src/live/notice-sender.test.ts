import type { EmergencyNotice } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeNoticeLog, FakeNoticeSpool } from "../testing/fake-emergency-books.ts";
import { FakeTelemetry } from "../testing/fake-process.ts";
import { sampleNotice } from "../testing/sample-notice.ts";
import { NoticeSender } from "./notice-sender.ts";

function world() {
  const parts = {
    log: new FakeNoticeLog(),
    spool: new FakeNoticeSpool(),
    clock: new FakeClock(),
    telemetry: new FakeTelemetry(),
  };
  return { ...parts, sender: new NoticeSender(parts) };
}

function notice(callId: string, targets: readonly string[] = ["desk"]): EmergencyNotice {
  return sampleNotice({ callId, callerUri: "", callerName: "", targets });
}

const idsIn = (log: FakeNoticeLog): readonly string[] => log.owed.flatMap((owed) => owed.notice?.callId ?? []);

describe("notices of emergency calls", () => {
  test("go to the log in order, and announcing waits for nothing", async () => {
    const { sender, log } = world();
    const held = Promise.withResolvers<void>();
    log.hold = () => held.promise;
    sender.announce(notice("c1"));
    sender.announce(notice("c2"));
    expect(idsIn(log)).toEqual([]);
    held.resolve();
    await settle();
    expect(idsIn(log)).toEqual(["c1", "c2"]);
  });

  test("for nobody go nowhere", async () => {
    const { sender, log } = world();
    sender.announce(notice("c1", []));
    await settle();
    expect(idsIn(log)).toEqual([]);
  });

  test("wait on disk while the log is away, and go then", async () => {
    const { sender, log, spool, clock, telemetry } = world();
    log.away = true;
    sender.announce(notice("c1"));
    await settle();
    expect([...spool.notices.keys()]).toEqual(["c1"]);
    expect(telemetry.emergencyTold).toContain("preparation failed notice");
    await clock.advance(5_000);
    log.away = false;
    await clock.advance(1_000);
    expect(idsIn(log)).toEqual(["c1"]);
    expect(spool.notices.size).toBe(0);
  });

  test("that an earlier process left on disk go with the start", async () => {
    const { sender, log, spool, clock } = world();
    await spool.put(notice("left"));
    sender.start();
    await clock.advance(1_000);
    expect(idsIn(log)).toEqual(["left"]);
  });

  test("in memory go to disk when the process ends", async () => {
    const { sender, log, spool } = world();
    log.away = true;
    const held = Promise.withResolvers<void>();
    log.hold = () => held.promise;
    sender.announce(notice("c1"));
    sender.announce(notice("c2"));
    log.hold = () => Promise.resolve();
    const stopped = sender.stop();
    held.resolve();
    await stopped;
    await settle();
    expect([...spool.notices.keys()].toSorted()).toEqual(["c1", "c2"]);
  });

  test("under way when the process ends are waited for", async () => {
    const { sender, log } = world();
    const held = Promise.withResolvers<void>();
    log.hold = () => held.promise;
    sender.announce(notice("c1"));
    let ended = false;
    const stopped = sender.stop().then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    held.resolve();
    await stopped;
    expect(idsIn(log)).toEqual(["c1"]);
  });
});
