import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { repeat } from "./repeat.ts";

/** How a process ends that runs this: in one of its own, because a stray rejection is a failure here. */
async function exitOf(program: string): Promise<unknown> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
  return (await once(child, "exit"))[0];
}

describe("work in rounds", () => {
  test("begins at once, and the next round comes after the end of the last", async () => {
    const clock = new FakeClock();
    const rounds: number[] = [];
    const stop = repeat(clock, 1_000, async () => {
      rounds.push(clock.now());
      await new Promise<void>((resolve) => void clock.after(300, resolve));
      return "rest";
    });
    const startMs = clock.now();
    await clock.advance(2_600);
    expect(rounds.map((atMs) => atMs - startMs)).toEqual([0, 1_300, 2_600]);
    const stopped = stop();
    await clock.advance(5_000);
    await stopped;
    expect(rounds).toHaveLength(3);
  });

  test("that left something goes on at once", async () => {
    const clock = new FakeClock();
    let left = 3;
    const stop = repeat(clock, 1_000, async () => ((left -= 1) > 0 ? "again" : "rest"));
    await clock.advance(1);
    expect(left).toBe(0);
    await stop();
  });

  test("goes on after a round with a bug, which is told as a stray rejection and to nobody who ends the work", async () => {
    const program = `import { repeat } from ${JSON.stringify(import.meta.resolve("./repeat.ts"))};
      let stray = 0;
      process.on("unhandledRejection", () => (stray += 1));
      const clock = { now: () => Date.now(), after: (ms, fire) => { const timer = setTimeout(fire, ms); return () => clearTimeout(timer); } };
      let round = 0;
      const stop = repeat(clock, 1, async () => {
        round += 1;
        if (round === 3) setImmediate(() => stop().then(() => process.exit(stray === 3 ? 7 : 8), () => process.exit(9)));
        throw new Error("a bug");
      });
      setTimeout(() => process.exit(1), 10_000);`;
    expect(await exitOf(program)).toBe(7);
  });
});
