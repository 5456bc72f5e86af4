import { expect, it } from "vitest";
import { FramePacer } from "./frame-pacer.ts";

/** Keeps the process busy for longer than a frame lasts. */
function overwork(): void {
  const untilMs = performance.now() + 25;
  while (performance.now() < untilMs);
}

it("lets others have their turn where frames take longer than they last", async () => {
  let turns = 0;
  const turnsAtTick: number[] = [];
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      turns += 1;
      if (turnsAtTick.length < 15) setImmediate(turn);
      else resolve();
    };
    const pacer = new FramePacer(
      () => {
        overwork();
        if (turnsAtTick.push(turns) >= 15) pacer.stop();
      },
      () => undefined,
    );
    pacer.start();
    turn();
  });
  expect(turnsAtTick.at(-1)).toBeGreaterThan(turnsAtTick[0] ?? Infinity);
});
