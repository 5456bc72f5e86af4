import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { TimerWheel } from "./timer-wheel.ts";

class Log {
  readonly fired: string[] = [];
  onFire: (name: string) => void = () => undefined;

  onTimer(name: string): void {
    this.fired.push(name);
    this.onFire(name);
  }
}

function make(): { readonly clock: FakeClock; readonly wheel: TimerWheel; readonly log: Log } {
  const clock = new FakeClock();
  return { clock, wheel: new TimerWheel(clock, 10), log: new Log() };
}

describe("the timer wheel", () => {
  it("fires once, not early, at most a tick late", async () => {
    const { clock, wheel, log } = make();
    wheel.schedule(500, log, "A");
    await clock.advance(499);
    expect(log.fired).toEqual([]);
    await clock.advance(11);
    expect(log.fired).toEqual(["A"]);
    await clock.advance(60_000);
    expect(log.fired).toEqual(["A"]);
  });

  it("fires in the order of their times", async () => {
    const { clock, wheel, log } = make();
    wheel.schedule(300, log, "third");
    wheel.schedule(100, log, "first");
    wheel.schedule(200, log, "second");
    await clock.advance(400);
    expect(log.fired).toEqual(["first", "second", "third"]);
  });

  it("does not fire what was cancelled", async () => {
    const { clock, wheel, log } = make();
    const timer = wheel.schedule(100, log, "A");
    timer.cancel();
    timer.cancel();
    await clock.advance(1_000);
    expect(log.fired).toEqual([]);
    expect(wheel.size).toBe(0);
  });

  it("does not fire what another timer of the same tick cancels", async () => {
    const { clock, wheel, log } = make();
    const timers = ["A", "B"].map((name) => wheel.schedule(100, log, name));
    log.onFire = () => timers.forEach((timer) => timer.cancel());
    await clock.advance(200);
    expect(log.fired).toHaveLength(1);
  });

  it("takes timers that are started by one that fires", async () => {
    const { clock, wheel, log } = make();
    log.onFire = (name) => name === "A" && wheel.schedule(0, log, "B");
    wheel.schedule(50, log, "A");
    await clock.advance(80);
    expect(log.fired).toEqual(["A", "B"]);
  });

  it("takes times of many turns", async () => {
    const { clock, wheel, log } = make();
    wheel.schedule(180_000, log, "ring");
    await clock.advance(179_990);
    expect(log.fired).toEqual([]);
    await clock.advance(30);
    expect(log.fired).toEqual(["ring"]);
  });

  it("fires everything that became due while the process stood still, in order", () => {
    const { clock, wheel, log } = make();
    wheel.schedule(30_000, log, "late");
    wheel.schedule(40, log, "early");
    wheel.schedule(90_000, log, "later");
    clock.jump(60_000);
    expect(log.fired).toEqual(["early", "late"]);
  });

  it("ticks only while a timer runs", async () => {
    const { clock, wheel, log } = make();
    expect(clock.running).toBe(0);
    wheel.schedule(50, log, "A");
    expect(clock.running).toBe(1);
    await clock.advance(100);
    expect(clock.running).toBe(0);
    wheel.schedule(50, log, "B");
    await clock.advance(100);
    expect(log.fired).toEqual(["A", "B"]);
  });

  it("forgets everything when stopped", async () => {
    const { clock, wheel, log } = make();
    wheel.schedule(50, log, "A");
    wheel.stop();
    await clock.advance(1_000);
    expect(log.fired).toEqual([]);
    expect(clock.running).toBe(0);
  });

  test("whatever is scheduled and cancelled, each timer left fires once in its time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 50_000 }), cancelled: fc.boolean() }), { maxLength: 60 }),
        (plan) => {
          const { clock, wheel, log } = make();
          const timers = plan.map(({ ms }, index) => wheel.schedule(ms, log, String(index)));
          plan.forEach(({ cancelled }, index) => cancelled && timers[index]?.cancel());
          const due = plan.flatMap(({ ms, cancelled }, index) => (cancelled ? [] : [{ ms, index }]));
          expect(wheel.size).toBe(due.length);
          const firedAt = new Map<string, number>();
          log.onFire = (name) => firedAt.set(name, clock.monotonic());
          for (let at = 0; at < 50_100; at += 10) clock.jump(10);
          expect(log.fired).toHaveLength(due.length);
          for (const { ms, index } of due) {
            const at = firedAt.get(String(index)) ?? -1;
            expect(at - ms).toBeGreaterThanOrEqual(0);
            expect(at - ms).toBeLessThanOrEqual(20);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
