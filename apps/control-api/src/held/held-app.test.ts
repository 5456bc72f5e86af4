import { ok, type LisRow } from "@tandem/domain";
import { createLogger } from "@tandem/runtime";
import type { FastifyBaseLogger } from "fastify";
import { describe, expect, test } from "vitest";
import { createHeldApp, type HeldAnswer } from "./held-app.ts";

const KEY = "k".repeat(32);
const row: LisRow = { key: "subnet:10.1.0.0/16", civic: { country: "US" }, erl: "", elins: [], description: "" };

async function world(ratePerMinute: number, proxies: readonly string[] = []) {
  const answers: HeldAnswer[] = [];
  const lookups: string[] = [];
  const app = await createHeldApp({
    locations: {
      find: (keys) => {
        lookups.push(keys[0] ?? "");
        return Promise.resolve(ok(row));
      },
    },
    provider: () => Promise.resolve(null),
    keys: new Map([["ops", KEY]]),
    now: () => 0,
    logger: createLogger({ name: "test", level: "silent" }) as unknown as FastifyBaseLogger,
    listener: { tls: null, proxies, ratePerMinute },
    onAnswer: (answer) => answers.push(answer),
  });
  const ask = (remoteAddress: string, headers: Record<string, string> = {}) =>
    app.inject({ method: "GET", url: "/held", remoteAddress, headers });
  const statuses = async (count: number, ...asked: Parameters<typeof ask>): Promise<readonly number[]> => {
    const got: number[] = [];
    for (let made = 0; made < count; made += 1) got.push((await ask(...asked)).statusCode);
    return got;
  };
  return { app, answers, lookups, ask, statuses };
}

describe("a source that asks for locations too often", () => {
  test("gets 429 with Retry-After and a HELD error, and costs no lookup; others are served", async () => {
    const { answers, lookups, ask, statuses } = await world(3);
    expect(await statuses(4, "10.1.2.3")).toEqual([200, 200, 200, 429]);
    const refused = await ask("10.1.2.3");
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(refused.headers["content-type"]).toContain("application/held+xml");
    expect(refused.body).toContain('code="generalLisError"');
    expect(lookups).toHaveLength(3);
    expect(await statuses(1, "10.1.2.4")).toEqual([200]);
    expect(answers).toEqual(["location", "location", "location", "too-many-requests", "too-many-requests", "location"]);
  });

  test("with a key may go on: it asks for many devices", async () => {
    const { statuses } = await world(2);
    expect(await statuses(5, "10.1.2.3", { "x-api-key": KEY })).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(3, "10.1.2.3", { "x-api-key": "wrong" })).toEqual([200, 200, 429]);
  });

  test("behind a proxy is told from the others by the address that the proxy names", async () => {
    const { statuses } = await world(1, ["10.9.9.9"]);
    expect(await statuses(2, "10.9.9.9", { "x-forwarded-for": "10.1.2.3" })).toEqual([200, 429]);
    expect(await statuses(1, "10.9.9.9", { "x-forwarded-for": "10.1.2.4" })).toEqual([200]);
    // Of anybody else the header says nothing: nobody gets a new allowance by making one up.
    expect(await statuses(1, "10.1.2.5", { "x-forwarded-for": "10.7.7.7" })).toEqual([200]);
    expect(await statuses(1, "10.1.2.5", { "x-forwarded-for": "10.7.7.8" })).toEqual([429]);
  });

  test("is never refused where the limit is off", async () => {
    const { statuses } = await world(0);
    expect(new Set(await statuses(50, "10.1.2.3"))).toEqual(new Set([200]));
  });
});

test("a request that is refused unread is counted, too", async () => {
  const { app, answers } = await world(10);
  const payload = "x".repeat(100_000);
  const answer = await app.inject({ method: "POST", url: "/held", headers: { "content-type": "text/xml" }, payload });
  expect(answer.statusCode).toBe(200);
  expect(answers).toEqual(["requestError"]);
});
