import { describe, expect, test } from "vitest";
import { FakeCallStore } from "../testing/fake-call-store.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { DeadlineLoop } from "./deadline-loop.ts";

/** A call that is due at once, and who was told of it. */
async function world(given: (loop: DeadlineLoop) => void) {
  const [clock, store, told] = [new FakeClock(), new FakeCallStore(), [] as string[]];
  await store.create({ callId: "due", document: "{}", deadlineMs: clock.now(), trunks: [] });
  const loop = new DeadlineLoop({ store, clock }, (callId) => void told.push(callId));
  loop.start();
  given(loop);
  return { clock, loop, told };
}

describe("the look for due calls", () => {
  test("tells a call of its deadline within a second, and again only after the lease", async () => {
    const { clock, told } = await world(() => undefined);
    await clock.advance(1_000);
    expect(told).toEqual(["due"]);
    await clock.advance(14_000);
    expect(told).toEqual(["due"]);
    await clock.advance(1_000);
    expect(told).toEqual(["due", "due"]);
  });

  test("of a worker that goes leaves a due call to the others, and takes it when there are none", async () => {
    const { clock, told } = await world((loop) => loop.giveWay());
    await clock.advance(4_000);
    expect(told).toEqual([]);
    await clock.advance(1_000);
    expect(told).toEqual(["due"]);
    await clock.advance(14_000);
    expect(told).toEqual(["due"]);
  });

  test("tells nobody after its end", async () => {
    const { clock, loop, told } = await world(() => undefined);
    loop.stop();
    await clock.advance(60_000);
    expect(told).toEqual([]);
  });
});
