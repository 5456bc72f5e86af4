import { describe, expect, test } from "vitest";
import { FrameWindow } from "./frame-window.ts";

interface Rig {
  readonly window: FrameWindow;
  readonly sent: string[];
  nowMs: number;
}

function rig(): Rig {
  const sent: string[] = [];
  const made = { sent, nowMs: 0 };
  const window = new FrameWindow(
    (payload) => sent.push(payload.slice(0, 1)),
    () => made.nowMs,
  );
  return Object.assign(made, { window });
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

  test("a reply that never comes holds the others up for two seconds", () => {
    const made = rig();
    made.window.send(frame("a", 3_000));
    made.window.send(frame("b", 3_000));
    made.nowMs = 2_000;
    made.window.send(frame("c", 100));
    expect(made.sent).toEqual(["a", "b", "c"]);
  });
});
