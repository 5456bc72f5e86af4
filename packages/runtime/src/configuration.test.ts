import { describe, expect, test } from "vitest";
import { z } from "zod";
import { field, parseConfiguration } from "./configuration.ts";

const schema = z.object({
  TANDEM_HTTP: field.address(),
  TANDEM_EDGES: field.json(z.record(z.string(), z.array(z.string()))).optional(),
  TANDEM_LOG_LEVEL: field.logLevel(),
  TANDEM_NODE_ID: field.nodeId("worker"),
  TANDEM_LIMIT: field.integer(1, 10).default(5),
});

describe("parseConfiguration", () => {
  test("a complete environment is read and typed", () => {
    const read = parseConfiguration(schema, {
      TANDEM_HTTP: "[::1]:0",
      TANDEM_EDGES: '{"east":["127.0.0.1:9022"]}',
      TANDEM_NODE_ID: "w1",
      PATH: "/bin",
    });
    expect(read).toEqual({
      ok: true,
      value: {
        TANDEM_HTTP: { host: "::1", port: 0 },
        TANDEM_EDGES: { east: ["127.0.0.1:9022"] },
        TANDEM_LOG_LEVEL: "info",
        TANDEM_NODE_ID: "w1",
        TANDEM_LIMIT: 5,
      },
    });
  });

  test.each([
    ["a missing variable", {}, "TANDEM_HTTP is not set; expected address:port."],
    ["an empty variable counts as missing", { TANDEM_HTTP: "" }, "TANDEM_HTTP is not set; expected address:port."],
    [
      "a malformed address",
      { TANDEM_HTTP: "nowhere" },
      "TANDEM_HTTP is wrong: expected address:port, for example 127.0.0.1:8080.",
    ],
    ["text that is no JSON", { TANDEM_HTTP: "h:1", TANDEM_EDGES: "{" }, "TANDEM_EDGES is wrong: expected JSON."],
    [
      "JSON of the wrong shape names the place inside",
      { TANDEM_HTTP: "h:1", TANDEM_EDGES: '{"east":[1]}' },
      "TANDEM_EDGES is wrong at east.0: expected string, received number.",
    ],
    [
      "a number out of range",
      { TANDEM_HTTP: "h:1", TANDEM_LIMIT: "11" },
      "TANDEM_LIMIT is wrong: expected at most 10.",
    ],
    [
      "a number with letters",
      { TANDEM_HTTP: "h:1", TANDEM_LIMIT: "1e3" },
      "TANDEM_LIMIT is wrong: expected a whole number.",
    ],
    [
      "an unknown log level",
      { TANDEM_HTTP: "h:1", TANDEM_LOG_LEVEL: "loud" },
      "TANDEM_LOG_LEVEL is wrong: expected one of trace, debug, info, warn, error, fatal, silent.",
    ],
  ])("%s is one sentence", (_name, environment, sentence) => {
    expect(parseConfiguration(schema, environment)).toEqual({ ok: false, problems: [sentence] });
  });

  test("every problem is told at once, and no value appears", () => {
    const read = parseConfiguration(schema, { TANDEM_HTTP: "s3cret", TANDEM_LIMIT: "s3cret" });
    expect(read.ok).toBe(false);
    const problems = read.ok ? [] : read.problems;
    expect(problems).toHaveLength(2);
    expect(problems.join(" ")).not.toContain("s3cret");
  });

  test("the node id defaults to role, host and process", () => {
    const read = parseConfiguration(schema, { TANDEM_HTTP: "h:1" });
    expect(read.ok && read.value.TANDEM_NODE_ID).toMatch(new RegExp(`^worker-[A-Za-z0-9.-]+-${process.pid}$`));
  });
});
