import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { base, changed, issuesOf, type LooseDocument } from "./base-document.ts";

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
