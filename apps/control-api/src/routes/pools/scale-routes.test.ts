import {
  FakeCallStore,
  FakePoolScaler,
  FakeTopologyRegistry,
  FakeTrunkHealthBoard,
} from "@tandem/call-control/testing";
import { createLogger, systemClock } from "@tandem/runtime";
import type { FastifyBaseLogger } from "fastify";
import { describe, expect, it } from "vitest";
import { createApp } from "../../app.ts";
import type { ControlServices } from "../../services.ts";

const key = "k".repeat(32);
const headers = { "x-api-key": key };
const url = "/v1/pools/east/scale";

async function appWith(scaler: FakePoolScaler | null) {
  const services = {
    topology: new FakeTopologyRegistry(),
    health: new FakeTrunkHealthBoard(),
    calls: new FakeCallStore(),
    clock: systemClock,
    scaler,
  } as unknown as ControlServices;
  const logger = createLogger({ name: "test", level: "silent", stream: { write: () => undefined } });
  return createApp({
    services,
    keys: new Map([["ops", key]]),
    logger: logger as unknown as FastifyBaseLogger,
    unready: () => [],
  });
}

const east = () => new FakePoolScaler({ east: { workers: 2, edges: 1 } });

describe("the scale of a pool", () => {
  it("is shown: what is wanted and what serves", async () => {
    const app = await appWith(east());
    const size = { workers: 2, edges: 1 };
    expect((await app.inject({ url, headers })).json()).toEqual({ pool: "east", desired: size, current: size });
  });

  it.each([
    [{ workers: 5 }, { workers: 5, edges: 1 }],
    [
      { workers: 1, edges: 3 },
      { workers: 1, edges: 3 },
    ],
  ])("changes by %o to %o, accepted at once", async (payload, desired) => {
    const app = await appWith(east());
    const answer = await app.inject({ method: "PUT", url, headers, payload });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ pool: "east", desired });
  });

  it.each([
    ["no workers left, so no way out for emergency calls", { workers: 0 }],
    ["no edges left", { workers: 1, edges: 0 }],
    ["more than a pool may have", { workers: 257 }],
    ["half a worker", { workers: 1.5 }],
    ["nothing wanted", {}],
    ["an unknown field", { workers: 1, nodes: 2 }],
  ])("%s is 400 and changes nothing", async (_name, payload) => {
    const scaler = east();
    const app = await appWith(scaler);
    expect((await app.inject({ method: "PUT", url, headers, payload })).statusCode).toBe(400);
    expect(scaler.sizes.get("east")).toEqual({ workers: 2, edges: 1 });
  });

  it("a field that is not known is named", async () => {
    const app = await appWith(east());
    const answer = await app.inject({ method: "PUT", url, headers, payload: { workers: 1, nodes: 2 } });
    expect(answer.json()).toMatchObject({ code: "bad-request", detail: expect.stringContaining('"nodes"') });
  });

  it.each([
    ["an unknown pool is 404", 404, "not-found", new FakePoolScaler({})],
    ["an orchestrator that is away is 503", 503, "scaler-unavailable", Object.assign(east(), { away: true })],
    ["no orchestrator at all is 501", 501, "not-implemented", null],
  ])("%s", async (_name, status, code, scaler) => {
    const app = await appWith(scaler);
    for (const request of [
      { url, headers },
      { method: "PUT" as const, url, headers, payload: { workers: 3 } },
    ]) {
      const answer = await app.inject(request);
      expect(answer.statusCode).toBe(status);
      expect(answer.json()).toMatchObject({ code });
    }
  });

  it("needs a key", async () => {
    const app = await appWith(east());
    expect((await app.inject({ method: "PUT", url, payload: { workers: 3 } })).statusCode).toBe(401);
  });
});
