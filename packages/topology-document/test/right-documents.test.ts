import { readFileSync } from "node:fs";
import { defaultTrunkSettings } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { accepted, base, changed, topologyOf } from "./base-document.ts";

describe("a right document", () => {
  test("is accepted without a word, with every default filled in", () => {
    const { topology, warnings, local } = accepted(base);
    expect(warnings).toEqual([]);
    expect(topology).toMatchObject({ name: "tandem", dialPlans: [] });
    expect(topology.pools[0]).toMatchObject({ edges: 1, workers: 2 });
    expect(topology.pools[0]?.listeners[1]).toMatchObject({
      advertisedAddress: "127.0.0.1",
      advertisedPort: 5062,
      serves: "gateways",
    });
    expect(topology.trunks[0]).toMatchObject({ port: 5060, settings: { ...defaultTrunkSettings, usages: ["out"] } });
    expect(topology.routes[0]).toMatchObject({
      priority: 100,
      strategy: "priority",
      except: [],
      suppressCallerId: false,
    });
    expect(topology.emergency).toMatchObject({
      preferOwnPool: true,
      numbers: [
        { dial: "911", masks: [], test: false },
        { dial: "933", masks: [], test: true },
      ],
    });
    expect(local).toEqual({
      redisUrl: null,
      api: null,
      http: null,
      admin: null,
      cdr: { file: null, webhook: null },
    });
  });

  test("means the same in JSON as in YAML, and as published", () => {
    const fromYaml = accepted(base);
    const fromJson = accepted(JSON.stringify(parse(base)));
    expect(fromJson.topology).toEqual(fromYaml.topology);
    expect(accepted(JSON.stringify(fromYaml.document)).topology).toEqual(fromYaml.topology);
  });

  test("is published as written, without defaults", () => {
    expect(accepted(base).document).toEqual(parse(base));
  });

  test.each([
    ["10s", 10_000],
    ["1500ms", 1_500],
    ["2m", 120_000],
    ["1.5s", 1_500],
    [2_000, 2_000],
    ["off", 0],
    [0, 0],
  ])("a duration %s", (written, expected) => {
    const topology = topologyOf(({ trunks }) => Object.assign(trunks[0] ?? {}, { progressTimeout: written }));
    expect(topology.trunks[0]?.settings.progressTimeoutMs).toBe(expected);
  });

  test("trunkDefaults stand under every trunk; its own settings win; sessionTimer and probe join field by field", () => {
    const topology = topologyOf((document) => {
      document["trunkDefaults"] = {
        maxCalls: 10,
        failoverCodes: [404, "5xx"],
        probe: { interval: "10s", timeout: "1s" },
        sessionTimer: { offer: true, expires: "10m" },
        calledRules: [{ match: "^(.*)$", replace: "$1" }],
      };
      Object.assign(document.trunks[1] ?? {}, { maxCalls: 20, probe: { timeout: "2s" }, calledRules: [] });
    });
    const [first, second] = topology.trunks.map((trunk) => trunk.settings);
    expect(first).toMatchObject({
      maxCalls: 10,
      failoverCodes: [404, 5],
      probe: { intervalMs: 10_000, timeoutMs: 1_000 },
    });
    expect(first?.calledRules).toEqual([{ name: "rule-1", match: "^(.*)$", replace: "$1" }]);
    expect(second).toMatchObject({ maxCalls: 20, calledRules: [], probe: { intervalMs: 10_000, timeoutMs: 2_000 } });
    expect(second?.sessionTimer).toEqual({ offer: true, expiresS: 600, minSeS: 90, refresher: "either" });
  });

  test("numbers to dial need no quotes in YAML, and keep their + and zeros", () => {
    const text = base
      .replace("emergency:", "emergency:\n  numbers: [{ dial: 911, masks: [112, 0118] }, { dial: 933, test: true }]")
      .replace('match: ".*"', "match: 0044, suppressCallerId: true, alternateCallerId: +12125550100");
    const { topology, document } = accepted(text);
    expect(topology.emergency.numbers[0]).toEqual({ dial: "911", masks: ["112", "0118"], test: false });
    expect(topology.routes[0]).toMatchObject({ match: "0044", alternateCallerId: "+12125550100" });
    expect(accepted(JSON.stringify(document)).topology).toEqual(topology);
  });

  test("local sections are read", () => {
    const text = `${base}
redis: { url: "sentinel://127.0.0.1:26379,127.0.0.1:26380/main" }
api: { port: 8080 }
http: { address: 0.0.0.0, port: 0 }
admin: { port: 9020 }
cdr: { file: calls.jsonl, webhook: { url: "https://billing.example.net/cdr", secretEnv: CDR_TOKEN, timeout: 2s } }
`;
    expect(accepted(text).local).toEqual({
      redisUrl: "sentinel://127.0.0.1:26379,127.0.0.1:26380/main",
      api: { address: "127.0.0.1", port: 8080 },
      http: { address: "0.0.0.0", port: 0 },
      admin: { address: "127.0.0.1", port: 9020 },
      cdr: {
        file: "calls.jsonl",
        webhook: { url: "https://billing.example.net/cdr", secretEnv: "CDR_TOKEN", timeoutMs: 2_000 },
      },
    });
  });

  test("warnings come with the paths of the document", () => {
    const { warnings } = accepted(changed(({ trunks }) => Object.assign(trunks[1] ?? {}, { usages: ["nothing"] })));
    expect(warnings).toEqual([expect.objectContaining({ severity: "warning", path: "trunks[1].usages[0]" })]);
  });
});

test("the sample topology is accepted, with a word about who is told of emergency calls, for it has nobody to tell", () => {
  const text = readFileSync(new URL("../../../deploy/sample/topology.yaml", import.meta.url), "utf8");
  const { topology, warnings } = accepted(text);
  expect(warnings.map(({ path }) => path)).toEqual(["emergency.policy"]);
  expect(topology.pools).toHaveLength(2);
  expect(topology.gateways.map((gateway) => gateway.kind).sort()).toEqual(["core", "e911", "pstn", "sbc"]);
  expect(topology.trunks.length).toBeGreaterThanOrEqual(7);
  for (const pool of topology.pools) {
    expect(pool.listeners.every(({ port }) => port >= 5060 && port < 5100)).toBe(true);
  }
});
