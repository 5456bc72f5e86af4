import { parseConfiguration } from "@tandem/runtime";
import { describe, expect, test } from "vitest";
import { workerSchema } from "./config.ts";

const complete = {
  TANDEM_NODE_ID: "w1",
  TANDEM_HTTP: "127.0.0.1:0",
  TANDEM_REDIS: "redis://127.0.0.1",
  TANDEM_POOL: "east",
  TANDEM_SECRET: "shared",
  TANDEM_EDGES: '{"east":["127.0.0.1:9022"],"west":["edge-west:9022"]}',
  TANDEM_SPOOL: "spool",
};

const UDP = '[{"name":"core","transport":"udp","address":"127.0.0.1","port":5060}]';

describe("worker configuration", () => {
  test("what is not set has the documented default", () => {
    expect(parseConfiguration(workerSchema, complete)).toEqual({
      ok: true,
      value: {
        nodeId: "w1",
        logLevel: "info",
        http: { host: "127.0.0.1", port: 0 },
        redisUrl: "redis://127.0.0.1",
        pool: "east",
        secret: "shared",
        edges: { kind: "table", table: { east: ["127.0.0.1:9022"], west: ["edge-west:9022"] } },
        stock: new Map(),
        edge: null,
        spoolDirectory: "spool",
        limits: { maxSetups: 2_000, maxLagMs: 500, maxWaitMs: 500 },
        hep: null,
        traces: null,
        replicaWaitMs: 50,
        drainMs: 200_000,
        lingerMs: 0,
        emergencyHoldMs: 300_000,
      },
    });
  });

  test("pools behind stock drachtio-servers are told with their listeners", () => {
    const listeners = [{ name: "core", transport: "udp" }];
    const stock = { TANDEM_STOCK_POOLS: JSON.stringify({ west: listeners }) };
    expect(parseConfiguration(workerSchema, { ...complete, ...stock })).toMatchObject({
      value: { stock: new Map([["west", { listeners }]]) },
    });
  });

  test("Redis credentials that come apart from the URL are put into it", () => {
    const apart = { TANDEM_REDIS_USERNAME: "tandem", TANDEM_REDIS_PASSWORD: "p@ss" };
    expect(parseConfiguration(workerSchema, { ...complete, ...apart })).toMatchObject({
      value: { redisUrl: "redis://tandem:p%40ss@127.0.0.1" },
    });
  });

  test("with listeners and a port for workers it is fused and needs no other edge", () => {
    const listeners = [{ name: "core", transport: "udp", address: "127.0.0.1", port: 5060 }];
    const fused = { TANDEM_EDGES: "", TANDEM_LISTENERS: JSON.stringify(listeners), TANDEM_ADMIN: "127.0.0.1:9022" };
    expect(parseConfiguration(workerSchema, { ...complete, ...fused })).toMatchObject({
      ok: true,
      value: { edges: { kind: "table", table: {} }, edge: { listeners, admin: { host: "127.0.0.1", port: 9022 } } },
    });
  });

  test.each([
    ["listeners without a port for workers", { TANDEM_LISTENERS: UDP }, /TANDEM_ADMIN is not set; .*together/],
    ["a port for workers without listeners", { TANDEM_ADMIN: "a:1" }, /TANDEM_LISTENERS is not set; .*together/],
    ["edges of other pools only", { TANDEM_EDGES: '{"west":["a:1"]}' }, /TANDEM_EDGES is wrong: .*own pool/],
    ["an edge that is no address", { TANDEM_EDGES: '{"east":["nowhere"]}' }, /TANDEM_EDGES .*expected host:port/],
    [
      "two listeners that a stock server does not tell apart",
      { TANDEM_STOCK_POOLS: '{"west":[{"name":"a","transport":"udp"},{"name":"b","transport":"udp"}]}' },
      /TANDEM_STOCK_POOLS is wrong at west: .*one listener for each transport/,
    ],
    [
      "a fused worker of a stock server's pool",
      {
        TANDEM_LISTENERS: UDP,
        TANDEM_ADMIN: "a:1",
        TANDEM_STOCK_POOLS: '{"east":[{"name":"core","transport":"udp"}]}',
      },
      /TANDEM_STOCK_POOLS is wrong: .*other pools only/,
    ],
    ["edges told twice", { TANDEM_EDGES_FILE: "/edges.json" }, /TANDEM_EDGES .*either/],
    ["a pool without edges", { TANDEM_EDGES: '{"east":[]}' }, /TANDEM_EDGES .*at least one edge/],
    ["no secret", { TANDEM_SECRET: "" }, /TANDEM_SECRET is not set/],
    ["no Redis", { TANDEM_REDIS: "" }, /TANDEM_REDIS is not set/],
  ])("%s is refused with one sentence", (_name, change, sentence) => {
    const read = parseConfiguration(workerSchema, { ...complete, ...change });
    expect(read.ok ? [] : read.problems).toEqual([expect.stringMatching(sentence)]);
  });
});
