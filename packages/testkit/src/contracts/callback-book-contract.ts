import type { CallbackBook, CallbackCaller, CallbackEntry } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const WINDOW_MS = 30 * MINUTE_MS;
const ELINS = ["111-222-3333", "1112223334"];

/** What every CallbackBook promises. */
export function describeCallbackBook(setUp: () => Promise<Harness<CallbackBook>>): void {
  describe("a callback number", () => {
    it("reaches its caller from every process, however it is written, until it lapses", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.remember(entry("c1", "+12125550100")))).toEqual({ elin: null });
      const other = harness.another();
      for (const number of ["2125550100", "12125550100", "+1 212 555-0100"]) {
        expect(valueOf(await other.find(number, NOW_MS))?.caller).toEqual(caller("c1", "+12125550100"));
      }
      const lapseMs = NOW_MS + WINDOW_MS;
      expect(valueOf(await other.find("2125550100", lapseMs - 1))).not.toBeNull();
      expect(valueOf(await other.find("2125550100", lapseMs))).toBeNull();
      expect(valueOf(await other.find("2125550101", NOW_MS))).toBeNull();
    });

    it("reaches the newest caller, and the end of an earlier call does not touch him", async () => {
      await using harness = await setUp();
      await harness.subject.remember(entry("c1", "2001"));
      await harness.another().remember(entry("c2", "2001"));
      await harness.subject.end(end("c1", "2001", null, NOW_MS));
      expect(valueOf(await harness.subject.find("2001", NOW_MS))?.caller.callId).toBe("c2");
    });

    it("works for its window from the end of the call, and not at all when the window is nothing", async () => {
      await using harness = await setUp();
      await harness.subject.remember({ ...entry("c1", "2001"), untilMs: NOW_MS + 999 * MINUTE_MS });
      const endMs = NOW_MS + 5 * MINUTE_MS;
      await harness.another().end({ ...end("c1", "2001", null, endMs + WINDOW_MS), nowMs: endMs });
      expect(valueOf(await harness.subject.find("2001", endMs + WINDOW_MS - 1))).not.toBeNull();
      expect(valueOf(await harness.subject.find("2001", endMs + WINDOW_MS))).toBeNull();
      await harness.subject.end({ ...end("c1", "2001", null, endMs), nowMs: endMs });
      expect(valueOf(await harness.subject.find("2001", endMs))).toBeNull();
      expect(valueOf(await harness.subject.all(NOW_MS))).toEqual([]);
    });
  });

  describe("ELINs", () => {
    it("go to two callers each his own; the third shares the one lent longer ago and takes it over", async () => {
      await using harness = await setUp();
      const book = harness.subject;
      const lent: (string | null)[] = [];
      for (const [serial, number] of ["2001", "2002", "2003"].entries()) {
        const nowMs = NOW_MS + serial * 1_000;
        lent.push(valueOf(await book.remember({ ...entry(`c${serial}`, number, ELINS), nowMs })).elin);
      }
      expect(lent).toEqual(["111-222-3333", "1112223334", "111-222-3333"]);
      const behind = async (elin: string) => valueOf(await harness.another().find(elin, NOW_MS + 3_000))?.caller.number;
      expect(await behind("1112223333")).toBe("2003");
      expect(await behind("+1 111 222 3334")).toBe("2002");
    });

    it("with fewer callers in their window are lent first", async () => {
      await using harness = await setUp();
      const book = harness.subject;
      for (const number of ["2001", "2002", "2003"]) await book.remember(entry(`c-${number}`, number, ELINS));
      // Three callers on two ELINs: the second has one, so the fourth goes there, though the first was lent before it.
      expect(valueOf(await book.remember(entry("c-2004", "2004", ELINS))).elin).toBe(ELINS[1]);
    });

    it("whose window is over are unused again", async () => {
      await using harness = await setUp();
      const book = harness.subject;
      await book.remember(entry("c1", "2001", ELINS));
      await book.remember(entry("c2", "2002", ELINS));
      await book.end(end("c2", "2002", ELINS[1] ?? null, NOW_MS + MINUTE_MS));
      const later = { nowMs: NOW_MS + 2 * MINUTE_MS, untilMs: NOW_MS + WINDOW_MS };
      expect(valueOf(await book.remember({ ...entry("c3", "2003", ELINS), ...later })).elin).toBe(ELINS[1]);
    });

    it("stay with a caller who calls again, and with a call that is announced twice", async () => {
      await using harness = await setUp();
      const book = harness.subject;
      await book.remember(entry("c1", "2001", ELINS));
      await book.remember(entry("c2", "2002", ELINS));
      expect(valueOf(await harness.another().remember(entry("c1", "2001", ELINS))).elin).toBe(ELINS[0]);
      expect(valueOf(await book.remember(entry("c9", "2002", ELINS))).elin).toBe(ELINS[1]);
      // Both callers count once, so the first in the longest time is next.
      expect(valueOf(await book.remember({ ...entry("c4", "2004", ELINS), nowMs: NOW_MS + 1 })).elin).toBe(ELINS[0]);
    });

    it("are lent to as many callers at once as there are ELINs, each his own", async () => {
      await using harness = await setUp();
      const many = Array.from({ length: 20 }, (_, index) => `+1212555${String(1_000 + index)}`);
      const books = [harness.subject, harness.another(), harness.another()];
      const lent = await Promise.all(
        many.map((_, index) => books[index % 3]!.remember(entry(`c${index}`, `30${index}`, many))),
      );
      expect(new Set(lent.map((one) => valueOf(one).elin)).size).toBe(20);
    });

    it("are lent to callers without a number, too", async () => {
      await using harness = await setUp();
      const first = valueOf(await harness.subject.remember(entry("c1", "", ELINS))).elin;
      const second = valueOf(await harness.subject.remember(entry("c2", "", ELINS))).elin;
      expect([first, second]).toEqual(ELINS);
      expect(valueOf(await harness.subject.find(ELINS[1] ?? "", NOW_MS))?.caller.callId).toBe("c2");
    });
  });

  it("a watcher in another process hears of changes", async () => {
    await using harness = await setUp();
    let heard = 0;
    const unwatch = valueOf(await harness.another().watch(() => void (heard += 1)));
    await harness.subject.remember(entry("c1", "2001"));
    await until(() => heard === 1, { what: "news of the caller" });
    await harness.subject.end(end("c1", "2001", null, NOW_MS));
    await until(() => heard === 2, { what: "news of the end" });
    await unwatch();
  });
}

function entry(callId: string, number: string, elins: readonly string[] = []): CallbackEntry {
  return {
    caller: caller(callId, number),
    callbackNumber: number,
    elins,
    nowMs: NOW_MS,
    untilMs: NOW_MS + WINDOW_MS,
  };
}

function end(callId: string, callbackNumber: string, elin: string | null, untilMs: number) {
  return { callId, callbackNumber, elin, nowMs: NOW_MS, untilMs };
}

function caller(callId: string, number: string): CallbackCaller {
  return {
    callId,
    number,
    contact: "sip:caller@192.0.2.10:5060",
    profile: {
      trunk: "core",
      pool: "east",
      listener: "core",
      transport: "udp",
      contactHost: "192.0.2.1:5060",
      peerHost: "192.0.2.10:5060",
      nextHop: "sip:192.0.2.10:5060;transport=udp;lr",
      forwardPai: true,
      forwardHistory: false,
      forwardDiversion: false,
      trusted: true,
      refer: "pass",
      reliableProvisional: "pass",
      maxEarlyDialogs: 20,
      sessionTimer: { offer: false, expiresS: 1_800, minSeS: 90, refresher: "either" },
      responseRules: [],
    },
  };
}
