import { FakeClock } from "@tandem/call-control/testing";
import { describe, expect, test } from "vitest";
import { FrameWindow } from "./frame-window.ts";

interface Rig {
  readonly window: FrameWindow;
  readonly sent: string[];
  readonly clock: FakeClock;
}

function rig(): Rig {
  const sent: string[] = [];
  const clock = new FakeClock();
  return { sent, clock, window: new FrameWindow((payload) => sent.push(payload.slice(0, 1)), clock) };
}

const frame = (id: string, octets: number): string => `${id}|`.padEnd(octets, "x");

describe("frames to a stock server", () => {
  test("are sent as long as what it has not answered fits into its buffer", () => {
    const { window, sent } = rig();
    for (const id of ["a", "b", "c"]) window.send(frame(id, 1_500));
    expect(sent).toEqual(["a", "b"]);
    window.answered("a");
    expect([sent, window.waiting]).toEqual([["a", "b", "c"], 0]);
  });

  test("a long one goes alone, and what follows waits for its reply, in order", () => {
    const { window, sent } = rig();
    window.send(frame("a", 100));
    window.send(frame("b", 9_000));
    window.send(frame("c", 100));
    expect(sent).toEqual(["a"]);
    window.answered("a");
    expect(sent).toEqual(["a", "b"]);
    window.answered("b");
    expect(sent).toEqual(["a", "b", "c"]);
  });

  test("a reply that never comes holds the others up for two seconds", async () => {
    const { window, sent, clock } = rig();
    window.send(frame("a", 3_000));
    window.send(frame("b", 3_000));
    await clock.advance(1_999);
    expect(sent).toEqual(["a"]);
    await clock.advance(1);
    expect([sent, window.waiting]).toEqual([["a", "b"], 0]);
  });

  test("replies that never come hold each window up for two seconds, and no timer is left after the last frame", async () => {
    const { window, sent, clock } = rig();
    for (const id of ["a", "b", "c"]) window.send(frame(id, 3_000));
    await clock.advance(4_000);
    expect(sent).toEqual(["a", "b", "c"]);
    expect(clock.pending()).toBe(0);
  });

  test("what waits when the connection is lost is sent to nobody", async () => {
    const { window, sent, clock } = rig();
    window.send(frame("a", 3_000));
    window.send(frame("b", 3_000));
    window.lose();
    expect([window.waiting, clock.pending()]).toEqual([0, 0]);
    await clock.advance(10_000);
    expect(sent).toEqual(["a"]);
  });
});
