import { FakeClock } from "@tandem/call-control/testing";
import { describe, expect, test } from "vitest";
import { LostEdge, type EdgeFate } from "./lost-edge.ts";

function lostEdge(hungUp: boolean, instance = "i1"): { clock: FakeClock; edge: LostEdge; fates: EdgeFate[] } {
  const clock = new FakeClock();
  const fates: EdgeFate[] = [];
  const edge = new LostEdge({ instance, hungUp }, clock, (fate) => fates.push(fate));
  return { clock, edge, fates };
}

describe("an edge whose connection was lost", () => {
  test.each<[string, boolean, (edge: LostEdge) => void, EdgeFate]>([
    ["the same instance answers again", true, (edge) => edge.connected("i1"), "back"],
    ["another instance answers at its address", false, (edge) => edge.connected("i2"), "gone"],
    ["something that tells no instance answers there", false, (edge) => edge.connected(""), "gone"],
    ["nobody listens there", false, (edge) => edge.refused(), "gone"],
  ])("%s", (_what, hungUp, happens, fate) => {
    const { edge, fates } = lostEdge(hungUp);
    happens(edge);
    expect(fates).toEqual([fate]);
  });

  test.each([
    [true, "gone"],
    [false, "unreachable"],
  ] as const)("it ended the connection itself: %s, and nothing is heard of it: %s", async (hungUp, fate) => {
    const { clock, fates } = lostEdge(hungUp);
    await clock.advance(1_999);
    expect(fates).toEqual([]);
    await clock.advance(1);
    expect(fates).toEqual([fate]);
  });

  test("a worker that stood still hears first what came meanwhile: one late timer decides nothing", async () => {
    let due: (() => void) | null = null;
    const clock = { now: () => 0, after: (_ms: number, fire: () => void) => ((due = fire), () => undefined) };
    const fates: EdgeFate[] = [];
    const edge = new LostEdge({ instance: "i1", hungUp: true }, clock, (fate) => fates.push(fate));
    (due as (() => void) | null)?.();
    expect(fates).toEqual([]);
    edge.connected("i1");
    expect(fates).toEqual(["back"]);
  });

  test("what is learned later changes nothing", async () => {
    const { clock, edge, fates } = lostEdge(true);
    edge.connected("i1");
    edge.refused();
    await clock.advance(10_000);
    expect(fates).toEqual(["back"]);
    expect(clock.pending()).toBe(0);
  });

  test("nobody wants to know any more", async () => {
    const { clock, edge, fates } = lostEdge(true);
    edge.close();
    edge.connected("i2");
    await clock.advance(10_000);
    expect(fates).toEqual([]);
  });
});
