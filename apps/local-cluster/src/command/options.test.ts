import { describe, expect, it } from "vitest";
import { readOptions, USAGE } from "./options.ts";

const defaults = { workingFolder: "/home/me", topologyFile: "/opt/tandem/sample.yaml" };
const read = (args: readonly string[], environment = {}) => readOptions(args, environment, defaults);

describe("readOptions", () => {
  it("nothing given: sample topology, demonstration, no Redis, no API address", () => {
    expect(read([])).toEqual({
      ok: true,
      value: {
        help: false,
        topologyFile: "/opt/tandem/sample.yaml",
        demonstration: true,
        once: false,
        json: false,
        redisUrl: null,
        api: null,
        apiKeys: null,
        httpBase: null,
        dataFolder: null,
        logLevel: "info",
        drainMs: 10_000,
      },
    });
  });

  it.each([
    [["--topology", "my.yaml"], { topologyFile: "/home/me/my.yaml" }],
    [["--topology", "/etc/my.yaml"], { topologyFile: "/etc/my.yaml" }],
    [["--no-demo", "--json"], { demonstration: false, json: true }],
    [["--once"], { once: true, demonstration: true }],
    [["--redis=redis://r:6379/3"], { redisUrl: "redis://r:6379/3" }],
    [["--api", "[::1]:8080"], { api: { host: "::1", port: 8080 } }],
    [["--http-base", "9100"], { httpBase: 9100 }],
    [["--data", "run"], { dataFolder: "/home/me/run" }],
    [["--log-level", "debug"], { logLevel: "debug" }],
    [["--drain", "0.5"], { drainMs: 500 }],
    [["-h"], { help: true }],
  ])("%j", (args, expected) => {
    expect(read(args)).toMatchObject({ ok: true, value: expected });
  });

  it("the environment fills in what the command line leaves open", () => {
    const environment = {
      TANDEM_REDIS: "redis://e:1",
      TANDEM_API: "0.0.0.0:80",
      TANDEM_API_KEYS: "ops:k",
      TANDEM_LOG_LEVEL: "warn",
    };
    expect(read([], environment)).toMatchObject({
      value: { redisUrl: "redis://e:1", api: { host: "0.0.0.0", port: 80 }, apiKeys: "ops:k", logLevel: "warn" },
    });
    expect(read(["--redis", "redis://o:2"], environment)).toMatchObject({ value: { redisUrl: "redis://o:2" } });
    expect(read([], { TANDEM_REDIS: "" })).toMatchObject({ value: { redisUrl: null } });
  });

  it.each([
    [["--once", "--no-demo"], "--once and --no-demo together leave nothing to do; leave out one of them."],
    [["--api", "8080"], "The address of the control API must read HOST:PORT, for example 127.0.0.1:8080."],
    [["--log-level", "loud"], "The log level must be one of trace, debug, info, warn, error, fatal, silent."],
    [["--http-base", "0"], "--http-base must be a port from 1 to 65535."],
    [["--http-base", "70000"], "--http-base must be a port from 1 to 65535."],
    [["--drain", "soon"], "--drain must be a number of seconds up to 3600."],
    [["--bogus"], "Unknown option '--bogus'; --help lists the options."],
    [["--topology"], "Option '--topology <value>' argument missing; --help lists the options."],
    [["file.yaml"], "Unexpected argument 'file.yaml'; --help lists the options."],
  ])("%j is refused with one sentence", (args, sentence) => {
    expect(read(args)).toEqual({ ok: false, error: sentence });
  });

  it("--help names every option", () => {
    for (const flag of ["topology", "no-demo", "once", "json", "redis", "api", "http-base", "data", "log-level"]) {
      expect(USAGE).toContain(`--${flag}`);
    }
  });
});
