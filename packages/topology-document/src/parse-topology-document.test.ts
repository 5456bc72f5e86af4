import { readFileSync } from "node:fs";
import { defaultTrunkSettings, type Topology, type TopologyIssue } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type ParsedTopology, parseTopologyDocument } from "./parse-topology-document.ts";

const base = `
pools:
  - name: main
    listeners:
      - { name: inside, address: 127.0.0.1, port: 5060, transport: udp, serves: callers }
      - { name: outside, address: 127.0.0.1, port: 5062, transport: udp }
gateways:
  - { name: core, kind: core, address: 192.0.2.1 }
  - { name: carrier, kind: sbc, address: sbc.example.net }
  - { name: psap, kind: e911, address: 192.0.2.9 }
trunks:
  - { name: to-core, pool: main, listener: inside, gateway: core, usages: [out] }
  - { name: to-carrier, pool: main, listener: outside, gateway: carrier, port: 5070 }
  - { name: to-psap, pool: main, listener: outside, gateway: psap }
routes:
  - { name: all, match: ".*", usages: [out], trunks: [to-carrier] }
emergency:
  trunks: [to-psap]
  fallbackTrunks: [to-carrier]
  screeningNumber: "+18005550199"
  policy: everybody
  policies: [{ name: everybody, notify: [security] }]
  notificationTargets: [{ name: security, kind: email, address: security@example.com }]
`;

type Loose = Record<string, unknown>;
type LooseDocument = Loose & Record<"pools" | "gateways" | "trunks" | "routes", Loose[]>;

/** The base document with changes made to its plain form. */
function changed(change: (document: LooseDocument) => void): string {
  const document = parse(base) as LooseDocument;
  change(document);
  return stringify(document);
}

function accepted(text: string): ParsedTopology {
  const result = parseTopologyDocument(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
}

function topologyOf(change: (document: LooseDocument) => void): Topology {
  return accepted(changed(change)).topology;
}

function issuesOf(text: string, format?: "yaml" | "json"): readonly TopologyIssue[] {
  const result = parseTopologyDocument(text, format === undefined ? {} : { format });
  return result.ok ? [] : result.error;
}

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

describe("a wrong document", () => {
  test.each<readonly [string, (document: LooseDocument) => void, string, RegExp, RegExp]>([
    [
      "a field with a slip of the pen",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { maxCals: 3 }),
      "trunks[0].maxCals",
      /not a setting/,
      /did you mean "maxCalls"/,
    ],
    [
      "a field from nowhere",
      ({ pools }) => Object.assign(pools[0] ?? {}, { xyzzy: 1 }),
      "pools[0].xyzzy",
      /not a setting/,
      /one of: name, fqdn/,
    ],
    [
      "a field that is missing",
      ({ gateways }) => delete gateways[0]?.["address"],
      "gateways[0].address",
      /is missing/,
      /add "address"/,
    ],
    [
      "a choice that is missing",
      ({ gateways }) => delete gateways[0]?.["kind"],
      "gateways[0].kind",
      /is missing/,
      /one of: pstn/,
    ],
    [
      "a choice that is none",
      ({ gateways }) => Object.assign(gateways[0] ?? {}, { kind: "carrier" }),
      "gateways[0].kind",
      /is "carrier"/,
      /one of: pstn/,
    ],
    [
      "a port beyond 65535",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { port: 70_000 }),
      "trunks[0].port",
      /out of range/,
      /0 to 65535/,
    ],
    [
      "half a port",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { port: 50.5 }),
      "trunks[0].port",
      /out of range/,
      /whole number/,
    ],
    [
      "a number where text belongs, in quotes",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { maxCalls: "10" }),
      "trunks[0].maxCalls",
      /is "10"/,
      /write a number/,
    ],
    [
      "no duration",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { ringTimeout: "10 s" }),
      "trunks[0].ringTimeout",
      /no duration/,
      /10s/,
    ],
    [
      "a duration out of range",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { ringTimeout: "2h" }),
      "trunks[0].ringTimeout",
      /is 2h/,
      /1s to 1h/,
    ],
    [
      "seconds without their unit",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { sessionTimer: { expires: 1800 } }),
      "trunks[0].sessionTimer.expires",
      /1800ms/,
      /90s to 24h/,
    ],
    [
      "failing over on 6xx",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { failoverCodes: [603] }),
      "trunks[0].failoverCodes[0]",
      /fail over/,
      /6xx ends/,
    ],
    [
      "a response rule for everything",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { responseRules: [{ becomes: 503 }] }),
      "trunks[0].responseRules[0]",
      /every response/,
      /code/,
    ],
    [
      "a name with a space",
      ({ trunks }) => Object.assign(trunks[1] ?? {}, { name: "to carrier" }),
      "trunks[1].name",
      /no name/,
      /letters/,
    ],
    [
      "a list where a mapping belongs",
      (document) => Object.assign(document, { emergency: [] }),
      "emergency",
      /is a list/,
      /mapping/,
    ],
    [
      "an alternate number that is never shown",
      ({ routes }) => Object.assign(routes[0] ?? {}, { alternateCallerId: "+1" }),
      "routes[0].alternateCallerId",
      /no effect/,
      /suppressCallerId/,
    ],
    [
      "a listener that is none",
      ({ trunks }) => Object.assign(trunks[0] ?? {}, { listener: "x" }),
      "trunks[0].listener",
      /names listener "x", which pool "main" does not have/,
      /use one of: inside, outside/,
    ],
    [
      "an unsafe pattern",
      ({ routes }) => Object.assign(routes[0] ?? {}, { match: "(?=9)" }),
      "routes[0].match",
      /look-around/,
      /only/,
    ],
    [
      "an unsafe pattern among the defaults",
      (document) => Object.assign(document, { trunkDefaults: { calledRules: [{ match: "^9", replace: "" }] } }),
      "trunkDefaults.calledRules[0].match",
      /one anchor/,
      /\$/,
    ],
    [
      "a Redis address of another kind",
      (document) => Object.assign(document, { redis: { url: "http://x" } }),
      "redis.url",
      /no Redis/,
      /redis:/,
    ],
    [
      "an E9-1-1 trunk in a route",
      ({ routes }) => Object.assign(routes[0] ?? {}, { trunks: ["to-psap"] }),
      "routes[0].trunks[0]",
      /only emergency/,
      /remove/,
    ],
    [
      "a key that would reach the prototype",
      (document) => Object.defineProperty(document, "__proto__", { value: {}, enumerable: true }),
      "__proto__",
      /not a setting/,
      /remove/,
    ],
  ])("%s", (_, change, path, problem, fix) => {
    const issues = issuesOf(changed(change)).filter((issue) => issue.severity === "error");
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(issues[0]?.problem).toMatch(problem);
    expect(issues[0]?.fix).toMatch(fix);
  });

  test.each([
    ["nothing", "", /empty/],
    ["a remark alone", "# to be written\n", /empty/],
    ["two documents", `${base}---\n${base}`, /found more/],
  ])("a file with %s: told as it is, and to write one document", (_name, text, problem) => {
    const [issue] = issuesOf(text, "yaml");
    expect(issue?.problem).toMatch(problem);
    expect(issue?.fix).toBe("write one document with pools, gateways and trunks");
  });

  test.each(["0", "65536", "99999", "022222", ""])("a media relay at port %j", (port) => {
    const text = changed((document) =>
      Object.assign(document, {
        emergency: { trunks: ["to-psap"], mediaRelays: ["192.0.2.20:65535", `192.0.2.20:${port}`] },
      }),
    );
    const errors = issuesOf(text).filter((issue) => issue.severity === "error");
    expect(errors.map((issue) => issue.path)).toEqual(["emergency.mediaRelays[1]"]);
    expect(errors[0]?.problem).toMatch(/no address with a port from 1 to 65535/);
  });

  test("numbers to dial need quotes in JSON", () => {
    const text = JSON.stringify(
      parse(changed((document) => Object.assign(document, { emergency: { numbers: [{ dial: 911 }] } }))),
    );
    expect(issuesOf(text)).toContainEqual(
      expect.objectContaining({ path: "emergency.numbers[0].dial", fix: 'put it in quotes: "911"' }),
    );
  });

  test("everything comes at once: schema, references, patterns, beside fields that are missing", () => {
    const text = changed((document) => {
      Object.assign(document.trunks[0] ?? {}, { maxCals: 1, gateway: "nowhere" });
      Object.assign(document.routes[0] ?? {}, { match: "(", trunks: ["to-carrier", "x"] });
      delete document.gateways[2]?.["kind"];
      Object.assign(document.pools[0] ?? {}, { workers: 0 });
    });
    const errors = issuesOf(text).filter((issue) => issue.severity === "error");
    expect(errors.map((issue) => issue.path).sort()).toEqual([
      "gateways[2].kind",
      "pools[0].workers",
      "routes[0].match",
      "routes[0].trunks[1]",
      "trunks[0].gateway",
      "trunks[0].maxCals",
    ]);
  });

  test("a faulty name does not make every reference to it an error", () => {
    const text = changed(({ gateways }) => Object.assign(gateways[0] ?? {}, { name: "co re" })).replace(
      "gateway: core",
      'gateway: "core"',
    );
    expect(
      issuesOf(text)
        .filter((issue) => issue.severity === "error")
        .map((issue) => issue.path),
    ).toEqual(["gateways[0].name"]);
  });

  test("what many trunks have from the defaults is one issue", () => {
    const text = changed((document) => Object.assign(document, { trunkDefaults: { dialPlan: "x" } }));
    expect(issuesOf(text)).toHaveLength(1);
    expect(issuesOf(text)[0]).toMatchObject({ path: "trunkDefaults.dialPlan" });
  });
});

describe("hostile text", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
    .split("")
    .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[at] ?? "a"}`).join(",")}]`)
    .join("\n")}\n`;

  test.each([
    ["nothing", ""],
    ["a word", "hello"],
    ["null", "null"],
    ["a list", "[]"],
    ["an alias bomb", bomb],
    ["an alias of nothing", "a: *nowhere"],
    ["a loop", "a: &a [*a]"],
    ["brackets without end", "[".repeat(50_000)],
    ["braces in JSON without end", `{"a":${"[".repeat(200_000)}`],
    ["a key twice", `${base}\nname: a\nname: b\n`],
    ["a tab where YAML forbids one", "pools:\n\t- x"],
    ["a tag that would make an object", "pools: !!js/function 'x'"],
    ["two documents", "--- {}\n--- {}\n"],
    ["control characters", "name: \u0000\u0001"],
    ["broken JSON", '{"pools": [}'],
  ])("%s is refused with an issue", (_, text) => {
    const issues = issuesOf(text);
    expect(issues.length).toBeGreaterThan(0);
    expect(issues.every((issue) => issue.path !== "" && issue.problem !== "" && issue.fix !== "")).toBe(true);
  });

  test("a flood of errors is told in part", () => {
    const flood = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key-${at}`, at]));
    const issues = issuesOf(JSON.stringify({ ...(parse(base) as object), ...flood }));
    expect(issues).toHaveLength(201);
    expect(issues.at(-1)?.problem).toMatch(/more errors/);
    expect(issuesOf(`a: [\n`.repeat(20_000)).length).toBeLessThanOrEqual(10);
  });

  test("YAML errors tell line and column", () => {
    expect(issuesOf("pools:\n  - name: [1\n")[0]?.path).toMatch(/^line \d+, column \d+$/);
  });

  test("a text beyond the limit is not even read", () => {
    expect(issuesOf(" ".repeat(33 * 1024 * 1024))[0]?.problem).toMatch(/longer than/);
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
