import { readFileSync } from "node:fs";
import { connectRedis, createRedisCallStore } from "@tandem/adapter-redis";
import { newCall, serialiseCall } from "@tandem/domain";
import { createLogger } from "@tandem/runtime";
import type { FastifyBaseLogger } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createApp } from "../src/app.ts";
import type { ControlServices } from "../src/services.ts";
import type { TypedApp } from "../src/typed-app.ts";
import { ApiRigs, headers, key, keys } from "./api-rig.ts";

const yaml = { ...headers, "content-type": "application/yaml" };
const sample = readFileSync(new URL("../../../deploy/sample/topology.yaml", import.meta.url), "utf8");

let rigs: ApiRigs;
let services: ControlServices;
let app: TypedApp;
let log: string[];

beforeAll(async () => {
  rigs = await ApiRigs.start();
});
afterAll(() => rigs.stop());

beforeEach(async () => {
  ({ services, app, log } = await rigs.fresh());
});

const DOWN = {
  trunk: "carrier-a-east",
  state: "down",
  sinceMs: 5,
  lastCode: 503,
  failures: 5,
  successes: 0,
  reason: "probe",
} as const;

const put = (payload: string, extra: Readonly<Record<string, string>> = {}) =>
  app.inject({ method: "PUT", url: "/v1/topology", headers: { ...yaml, ...extra }, payload });

describe("what is refused before any route sees it", () => {
  test.each([
    ["a body of another type", { "content-type": "image/png" }, "x", 415, "media-type-unknown"],
    ["a body beyond the limit", { "content-type": "application/json" }, "x".repeat(70_000), 413, "too-large"],
    ["a body that is no JSON", { "content-type": "application/json" }, "{", 400, "bad-request"],
  ])("%s", async (_what, extra, payload, status, code) => {
    const asked = { method: "POST", url: "/v1/routing/dry-run", headers: { ...headers, ...extra }, payload } as const;
    const answer = await app.inject(asked);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code });
  });
});

describe("keys", () => {
  test.each(["/v1/topology", "/v1/trunks", "/v1/pools", "/v1/calls", "/v1/members", "/v1/emergency/calls"])(
    "%s without a key is 401",
    async (url) => {
      const answer = await app.inject({ url });
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toMatchObject({ code: "unauthorised" });
      expect(answer.headers["www-authenticate"]).toContain("Bearer");
    },
  );

  test("a wrong key is 401, a bearer token is a key", async () => {
    expect((await app.inject({ url: "/v1/calls", headers: { "x-api-key": "no" } })).statusCode).toBe(401);
    expect((await app.inject({ url: "/v1/calls", headers: { authorization: `Bearer ${key}` } })).statusCode).toBe(200);
  });

  test("probes and documentation need none", async () => {
    for (const url of ["/livez", "/readyz", "/docs/", "/docs/json"])
      expect((await app.inject({ url })).statusCode).toBe(200);
  });
});

describe("topology", () => {
  test("none yet is 404; published it comes back as written, with its version as ETag", async () => {
    expect((await app.inject({ url: "/v1/topology", headers })).statusCode).toBe(404);
    expect((await put(sample)).json()).toMatchObject({ version: 1, author: "ops" });
    const read = await app.inject({ url: "/v1/topology", headers });
    expect(read.headers.etag).toBe('"1"');
    expect(read.json()).toMatchObject({ name: "sample" });
    const asYaml = await app.inject({ url: "/v1/topology", headers: { ...headers, accept: "application/yaml" } });
    expect(asYaml.body).toContain("name: sample");
    const json = { ...headers, "content-type": "application/json", "if-match": '"1"' };
    expect(
      (await app.inject({ method: "PUT", url: "/v1/topology", headers: json, payload: read.body })).json(),
    ).toMatchObject({ version: 2 });
  });

  test("a stale If-Match is 409 and changes nothing; a malformed one is 400", async () => {
    await put(sample);
    expect((await put(sample, { "if-match": '"7"' })).statusCode).toBe(409);
    expect((await put(sample, { "if-match": "yesterday" })).statusCode).toBe(400);
    expect((await app.inject({ url: "/v1/topology", headers })).headers.etag).toBe('"1"');
  });

  test("an invalid document is refused whole, every issue naming path and fix", async () => {
    await put(sample);
    const broken = sample.replace("gateway: carrier-a", "gateway: carrier-x").replace("maxCalls: 500", "maxCalls: -1");
    const answer = await put(broken);
    expect(answer.statusCode).toBe(422);
    const { issues } = answer.json<{ issues: { path: string; problem: string; fix: string }[] }>();
    expect(issues.length).toBeGreaterThanOrEqual(2);
    for (const issue of issues) expect(Object.values(issue).every((text) => text.length > 0)).toBe(true);
    expect((await app.inject({ url: "/v1/topology", headers })).headers.etag).toBe('"1"');
  });

  test.each([
    ["not YAML", "{["],
    ["an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b,*b]"],
    ["a scalar", "42"],
    ["nothing", ""],
  ])("%s is 4xx with a problem", async (_name, payload) => {
    const answer = await put(payload);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.headers["content-type"]).toContain("problem+json");
  });

  test("two trunks with the same tuple are refused", async () => {
    const twice = sample.replace(
      "port: 5084\n    dialPlan: pstn\n    usages: [inbound]\n    maxCalls: 1000\n    maxCallsPerSecond: 100\n  - name: carrier-b-west",
      "port: 5084\n  - { name: again, pool: east, listener: pstn-udp, gateway: carrier-b, port: 5084 }\n  - name: carrier-b-west",
    );
    expect(twice).not.toBe(sample);
    expect((await put(twice)).statusCode).toBe(422);
  });

  test("validation publishes nothing", async () => {
    const answer = await app.inject({ method: "POST", url: "/v1/topology/validate", headers: yaml, payload: sample });
    expect(answer.json()).toMatchObject({ valid: true });
    expect((await app.inject({ url: "/v1/topology", headers })).statusCode).toBe(404);
  });
});

describe("trunks", () => {
  test("show health and load of the topology in force", async () => {
    await put(sample);
    await services.health.set(DOWN, 1);
    const shown = (await app.inject({ url: "/v1/trunks/carrier-a-east", headers })).json();
    expect(shown).toMatchObject({
      gateway: "carrier-a",
      transport: "udp",
      port: 5082,
      load: 0,
      health: { state: "down", lastCode: 503 },
    });
    expect((await app.inject({ url: "/v1/trunks", headers })).json<unknown[]>().length).toBeGreaterThanOrEqual(7);
    expect((await app.inject({ url: "/v1/trunks/none", headers })).statusCode).toBe(404);
  });
});

describe("pools", () => {
  test("list members; drain and undrain a pool and a worker", async () => {
    await put(sample);
    const worker = {
      id: "w1",
      role: "worker" as const,
      pool: "east",
      pid: 1,
      host: "h",
      startedMs: 1,
      draining: false,
      facts: { setups: 0 },
    };
    await services.membership.announce(worker, 10_000);
    const pools = (await app.inject({ url: "/v1/pools", headers })).json<
      { name: string; members: { id: string }[] }[]
    >();
    expect(pools.find(({ name }) => name === "east")?.members.map(({ id }) => id)).toEqual(["w1"]);
    const post = (url: string) => app.inject({ method: "POST", url, headers });
    expect((await post("/v1/workers/w1/drain")).json()).toEqual({ target: "w1", draining: true });
    expect(await services.membership.drainRequested(worker)).toEqual({ ok: true, value: true });
    await post("/v1/workers/w1/undrain");
    expect(await services.membership.drainRequested(worker)).toEqual({ ok: true, value: false });
    await post("/v1/pools/east/drain");
    expect(await services.membership.drainRequested(worker)).toEqual({ ok: true, value: true });
    await post("/v1/pools/east/undrain");
    expect(await services.membership.drainRequested(worker)).toEqual({ ok: true, value: false });
    expect((await post("/v1/pools/nowhere/drain")).statusCode).toBe(404);
    expect((await post("/v1/workers/nobody/drain")).statusCode).toBe(404);
  });
});

describe("calls", () => {
  test("a live call is listed and shown with its ladder", async () => {
    const id = "a".repeat(26);
    const document = serialiseCall(newCall(id, Date.now()));
    await services.calls.create({ callId: id, document, deadlineMs: Date.now() + 60_000, trunks: [] });
    expect((await app.inject({ url: "/v1/calls", headers })).json()).toMatchObject({
      total: 1,
      calls: [{ callId: id, phase: "new" }],
    });
    expect((await app.inject({ url: `/v1/calls/${id}`, headers })).json()).toMatchObject({
      callId: id,
      ladder: [],
      considered: [],
    });
    expect((await app.inject({ url: `/v1/calls/${"b".repeat(26)}`, headers })).statusCode).toBe(404);
    expect((await app.inject({ url: "/v1/calls/..%2f..", headers })).statusCode).toBe(400);
    expect((await app.inject({ url: "/v1/calls?limit=100000", headers })).statusCode).toBe(400);
  });
});

describe("dry run", () => {
  const run = (payload: Record<string, unknown>) =>
    app.inject({ method: "POST", url: "/v1/routing/dry-run", headers, payload });

  test("an ordinary number gives attempts in order and a reason for each trunk", async () => {
    await put(sample);
    const answer = (await run({ requestUri: "sip:918005550100@x", ingressTrunk: "core-east" })).json();
    expect(answer).toMatchObject({ kind: "route", normalisedNumber: "+18005550100" });
    expect(answer.attempts.map(({ trunk }: { trunk: string }) => trunk)).toEqual([
      "carrier-a-east",
      "carrier-b-east",
      "carrier-b-west",
    ]);
    expect(answer.considered.length).toBeGreaterThanOrEqual(3);
  });

  test("911 is an emergency before any rule, from an unknown source too where callers live", async () => {
    await put(sample);
    const stranger = { pool: "east", listener: "core-udp", address: "192.0.2.9", port: 5060 };
    expect((await run({ requestUri: "sip:911@x", source: stranger })).json()).toMatchObject({
      kind: "emergency",
      ingressTrunk: null,
    });
    const gateway = { ...stranger, listener: "pstn-udp" };
    expect((await run({ requestUri: "sip:911@x", source: gateway })).json()).toMatchObject({
      kind: "reject",
      failure: { sip: 403 },
    });
  });

  test("the method of the location decides who is asked first, where the topology says so", async () => {
    const screened = "  screeningTrunks: [carrier-b-east]\n  screenedCalls: screening-number\n";
    const document = sample.replace(/^ {2}screeningNumber:.*\n/m, (line) => line + screened);
    expect((await put(document)).json()).toMatchObject({ version: 1 });
    const first = async (locationMethod?: string) => {
      const asked = { requestUri: "sip:911@x", ingressTrunk: "core-east", live: false };
      const answer = (await run(locationMethod === undefined ? asked : { ...asked, locationMethod })).json();
      return [answer.emergency.routing, answer.attempts[0].calledNumber, answer.considered[0].reason];
    };
    expect(await first("Manual")).toEqual(["screened", "+18005550199", "emergency-screened-first"]);
    expect(await first("")).toEqual(["screened", "+18005550199", "emergency-screened-first"]);
    expect(await first("LIS")).toEqual(["direct", "911", "emergency"]);
    expect(await first()).toEqual([null, "911", "emergency"]);
  });

  test("health counts unless told otherwise", async () => {
    await put(sample);
    await services.health.set(DOWN, 1);
    const body = { requestUri: "sip:+18005550100@x", ingressTrunk: "core-east" };
    expect((await run(body)).json().attempts[0].trunk).toBe("carrier-b-east");
    expect((await run({ ...body, live: false })).json().attempts[0].trunk).toBe("carrier-a-east");
  });

  test.each([
    ["unknown trunk", { requestUri: "sip:1@x", ingressTrunk: "no" }],
    ["neither trunk nor source", { requestUri: "sip:1@x" }],
    ["unknown field", { requestUri: "sip:1@x", ingressTrunk: "core-east", nonsense: 1 }],
    ["no Request-URI", { ingressTrunk: "core-east" }],
  ])("%s is 400", async (_name, payload) => {
    await put(sample);
    expect((await run(payload)).statusCode).toBe(400);
  });
});

test("Redis gone: 503 with Retry-After, one warning line, no stack in the answer", async () => {
  const lost = connectRedis("redis://127.0.0.1:1", { commandTimeoutMs: 200 });
  if (!lost.ok) throw new Error("unreachable");
  const broken = createRedisCallStore(lost.value);
  const logger = createLogger({ name: "test", level: "info", stream: { write: (line) => void log.push(line) } });
  const services503 = { ...services, calls: broken };
  const isolated = await createApp({
    services: services503,
    keys,
    logger: logger as unknown as FastifyBaseLogger,
    unready: () => ["Redis cannot be reached"],
  });
  const answer = await isolated.inject({ url: "/v1/calls", headers });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["retry-after"]).toBeDefined();
  expect(log.filter((line) => line.includes("request failed"))).toHaveLength(1);
  expect((await isolated.inject({ url: "/readyz" })).statusCode).toBe(503);
  await lost.value.close();
});
