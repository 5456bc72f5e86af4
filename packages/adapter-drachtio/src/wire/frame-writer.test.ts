import { afterEach, describe, expect, test, vi } from "vitest";
import type { WireEncoding } from "./frame-decoder.ts";
import { FrameWriter } from "./frame-writer.ts";

interface Rig {
  readonly writer: FrameWriter;
  readonly written: Buffer[];
  readonly events: string[];
  /** The peer takes everything written so far. */
  readonly take: () => void;
  nowMs: number;
}

function rig(encoding: WireEncoding = "latin1"): Rig {
  const written: Buffer[] = [];
  const events: string[] = [];
  const waiting: { octets: number; done: () => void }[] = [];
  const sink = {
    destroyed: false,
    get writableLength() {
      return waiting.reduce((sum, each) => sum + each.octets, 0);
    },
    write(text: string, used: WireEncoding, done: () => void) {
      written.push(Buffer.from(text, used));
      waiting.push({ octets: text.length, done });
      return true;
    },
  };
  const state = { nowMs: 0 };
  const writer = new FrameWriter({
    sink,
    encoding,
    maxPendingOctets: 1000,
    onOverflow: () => events.push("overflow"),
    congestedOctets: 500,
    onCongested: () => events.push("congested"),
    onDrained: () => events.push("drained"),
    now: () => state.nowMs,
  });
  const take = (): void => {
    for (const each of waiting.splice(0)) each.done();
  };
  return Object.assign(state, { writer, written, events, take });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("FrameWriter", () => {
  afterEach(() => void vi.useRealTimers());

  test("frames of one turn are one write", async () => {
    const { writer, written } = rig();
    writer.send("a|ping");
    writer.send("b|ping");
    await turn();
    writer.send("c|ping");
    await turn();
    expect(written.map(String)).toEqual(["6#a|ping6#b|ping", "6#c|ping"]);
  });

  test("on a busy line the frames of several turns are one write", async () => {
    // The time for which frames are gathered is shorter than a busy machine may take between two turns.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const subject = rig();
    for (let frame = 0; frame < 50; frame += 1) {
      subject.writer.send("a|ping");
      await turn();
      subject.take();
    }
    subject.nowMs = 100;
    const before = subject.written.length;
    subject.writer.send("b|ping");
    await turn();
    subject.writer.send("c|ping");
    await turn();
    expect(subject.written).toHaveLength(before);
    vi.advanceTimersByTime(10);
    expect(subject.written.slice(before).map(String)).toEqual(["6#b|ping6#c|ping"]);
  });

  test.each<[WireEncoding, string]>([
    ["utf8", "3#xé"],
    ["latin1", "2#xé"],
  ])("the length counts bytes in %s", async (encoding, expected) => {
    const { writer, written } = rig(encoding);
    writer.send("xé");
    await turn();
    expect(written).toEqual([Buffer.from(expected, encoding)]);
  });

  test("a batch of ASCII and other text keeps every byte", async () => {
    const { writer, written } = rig("utf8");
    writer.send("plain");
    writer.send("\u00ff");
    writer.send("plain");
    await turn();
    expect(Buffer.concat(written)).toEqual(Buffer.from("5#plain2#\u00ff5#plain", "utf8"));
  });

  test("a peer that takes nothing congests, then overflows once, and memory stops growing", async () => {
    const { writer, events } = rig();
    for (let frame = 0; frame < 50; frame += 1) {
      writer.send("x".repeat(97));
      await turn();
    }
    expect(events).toEqual(["congested", "overflow"]);
    expect(writer.pending).toBeLessThanOrEqual(1000);
  });

  test("a congested peer that reads on is told once everything is taken", async () => {
    const { writer, events, take } = rig();
    writer.send("x".repeat(600));
    await turn();
    take();
    expect(events).toEqual(["congested", "drained"]);
  });

  test("stalledMs counts from the last progress while something waits", async () => {
    const subject = rig();
    expect(subject.writer.stalledMs(50)).toBe(0);
    subject.nowMs = 100;
    subject.writer.send("a|ping");
    await turn();
    expect(subject.writer.stalledMs(400)).toBe(300);
    subject.take();
    expect(subject.writer.stalledMs(900)).toBe(0);
  });

  test("more than a batch is handed over within the turn", () => {
    const written: string[] = [];
    const writer = new FrameWriter({
      sink: { destroyed: false, writableLength: 0, write: (text) => written.push(text) > 0 },
      encoding: "latin1",
      maxPendingOctets: 1 << 20,
      onOverflow: () => undefined,
      congestedOctets: 1 << 20,
      onCongested: () => undefined,
      onDrained: () => undefined,
      now: () => 0,
    });
    writer.send("x".repeat(70_000));
    expect(written).toHaveLength(1);
  });
});
