import { err, ok, type Failure, type Result } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import type { Unwatch } from "../ports/index.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeTelemetry } from "../testing/fake-process.ts";
import { PoolService } from "./pool-service.ts";

const AWAY: Result<Unwatch, Failure> = err({ code: "store-unavailable", detail: "away" });

function world() {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const tries: string[] = [];
  const state = { ends: 0, next: (): Promise<Result<Unwatch, Failure>> => Promise.resolve(AWAY) };
  const begun = ok(async () => void (state.ends += 1));
  const service = new PoolService({
    clock,
    telemetry,
    what: "probes",
    serve: (pool) => {
      tries.push(pool);
      return state.next();
    },
  });
  return { clock, telemetry, tries, state, begun, service };
}

describe("a service for a pool", () => {
  test("that cannot begin is tried every second until it can", async () => {
    const { clock, tries, state, begun, service } = world();
    await service.start("east");
    await clock.advance(1_000);
    expect(tries).toEqual(["east", "east"]);
    state.next = () => Promise.resolve(begun);
    await clock.advance(1_000);
    await clock.advance(5_000);
    expect(tries).toHaveLength(3);
    await service.stop();
    expect(state.ends).toBe(1);
  });

  test("is not tried any more once it is stopped", async () => {
    const { clock, tries, service } = world();
    await service.start("east");
    await service.stop();
    await clock.advance(5_000);
    expect(tries).toHaveLength(1);
  });

  test("that begins while it is stopped ends at once", async () => {
    const { state, begun, service } = world();
    const slow = Promise.withResolvers<Result<Unwatch, Failure>>();
    state.next = () => slow.promise;
    const starting = service.start("east");
    await service.stop();
    slow.resolve(begun);
    await starting;
    await settle();
    expect(state.ends).toBe(1);
  });
});
