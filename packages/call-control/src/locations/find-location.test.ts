import { err, ok, type Failure, type LisRow, type PidfLocation, type Result } from "@tandem/domain";
import { beforeEach, describe, expect, test } from "vitest";
import type { FoundLocation, SecondaryLocations } from "../ports/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeLocationDatabase } from "../testing/fake-location-database.ts";
import { createLocationSource } from "./find-location.ts";

const row: LisRow = {
  key: "subnet:10.1.0.0/16",
  civic: { country: "US", a1: "NY", a3: "Albany" },
  erl: "hq",
  elins: ["+12125550111"],
  description: "",
};
const server = { url: "http://lis.example/held", timeoutMs: 400 };
const caller = { address: "10.1.2.3", numbers: ["+12125550100"] };
const away: Failure = { code: "store-unavailable", detail: "away" };
const never = <T>(): Promise<T> => new Promise(() => undefined);

let clock: FakeClock;
let database: FakeLocationDatabase;
let asked: number[];
let answer: () => Promise<Result<PidfLocation | null, Failure>>;

beforeEach(() => {
  clock = new FakeClock();
  database = new FakeLocationDatabase();
  asked = [];
  answer = () => Promise.resolve(ok({ method: "DHCP", civic: { a3: "Troy" }, geodetic: false, position: null }));
});

function locate(secondary: typeof server | null = server): Promise<Result<FoundLocation | null, Failure>> {
  const other: SecondaryLocations = {
    ask: (_, { limitMs }) => {
      asked.push(limitMs);
      return answer();
    },
  };
  return createLocationSource({ database, secondary: other, clock }).locate({ caller, secondary }, 500);
}

/** The answer and how long it took, however long the sources take. */
async function timed(
  secondary?: typeof server | null,
): Promise<{ result: Result<FoundLocation | null, Failure>; ms: number }> {
  const startedMs = clock.now();
  let endedMs = -1;
  const asking = locate(secondary).finally(() => (endedMs = clock.now()));
  await clock.advance(2_000);
  return { result: await asking, ms: endedMs - startedMs };
}

describe("where a caller is", () => {
  test("a database known to be away is not waited for, and the other source has the whole budget", async () => {
    database.foundAway = true;
    database.answers.push(never());
    const { result, ms } = await timed();
    expect([result.ok && result.value?.source, ms]).toEqual(["secondary", 0]);
    expect(asked).toEqual([400]);
  });

  test("a published row is the answer, and nobody else is asked", async () => {
    database.answers.push(Promise.resolve(ok(row)));
    expect(await locate()).toEqual(
      ok({ address: row.civic, source: "database", method: "LIS", erl: "hq", elins: ["+12125550111"] }),
    );
    expect(asked).toEqual([]);
    expect(database.asked[0]).toContain("subnet:10.1.0.0/16");
  });

  test("a miss asks the secondary source, within its own limit", async () => {
    expect(await locate()).toEqual(
      ok({ address: { a3: "Troy" }, source: "secondary", method: "DHCP", erl: null, elins: [] }),
    );
    expect(asked).toEqual([400]);
  });

  test("a miss without a secondary source is no answer", async () => {
    expect(await locate(null)).toEqual(ok(null));
  });

  test("a database that is away does not keep the secondary source from being asked", async () => {
    database.answers.push(Promise.resolve(err(away)));
    expect(await locate()).toMatchObject({ ok: true, value: { address: { a3: "Troy" } } });
  });

  test("a database that is away, and nobody else: the failure", async () => {
    database.answers.push(Promise.resolve(err(away)));
    expect(await locate(null)).toEqual(err(away));
  });

  test("a database that does not answer is left after 150 ms, and the rest of the budget is the other's (B17)", async () => {
    database.answers.push(never());
    const { result, ms } = await timed();
    expect(result).toMatchObject({ ok: true, value: { method: "DHCP" } });
    expect(ms).toBe(150);
    expect(asked).toEqual([350]);
  });

  test("nobody answers: the whole takes the budget and not more", async () => {
    database.answers.push(never());
    answer = never;
    const { result, ms } = await timed();
    expect(result).toMatchObject({ ok: false, error: { code: "location-unavailable" } });
    expect(ms).toBe(500);
  });

  test("a point is no address: it is not made into one (RFC 6881 SP-11)", async () => {
    answer = () => Promise.resolve(ok({ method: "GPS", civic: null, geodetic: true, position: "40.7 -74.0" }));
    expect(await locate()).toEqual(ok(null));
  });

  test("a secondary source that fails is the failure", async () => {
    answer = () => Promise.resolve(err({ code: "location-unavailable", detail: "status 500" }));
    expect(await locate()).toMatchObject({ ok: false, error: { detail: "status 500" } });
  });
});
