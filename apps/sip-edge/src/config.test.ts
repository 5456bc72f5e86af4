import { parseConfiguration } from "@tandem/runtime";
import { describe, expect, test } from "vitest";
import { edgeSchema } from "./config.ts";

const udp = { name: "core", transport: "udp", address: "127.0.0.1", port: 5060 };

function complete(listeners: readonly unknown[] = [udp]): Record<string, string> {
  return {
    TANDEM_NODE_ID: "e1",
    TANDEM_HTTP: "127.0.0.1:0",
    TANDEM_POOL: "east",
    TANDEM_LISTENERS: JSON.stringify(listeners),
    TANDEM_ADMIN: "127.0.0.1:9022",
    TANDEM_SECRET: "shared",
  };
}

describe("edge configuration", () => {
  test("what is not set has the documented default, and what only the topology needs is left out", () => {
    const listener = { ...udp, advertisedAddress: "203.0.113.1", advertisedPort: 0, serves: "callers" };
    expect(parseConfiguration(edgeSchema, complete([listener]))).toEqual({
      ok: true,
      value: {
        nodeId: "e1",
        logLevel: "info",
        http: { host: "127.0.0.1", port: 0 },
        pool: "east",
        listeners: [{ ...udp, advertisedAddress: "203.0.113.1", advertisedPort: 0 }],
        admin: { host: "127.0.0.1", port: 9022 },
        secret: "shared",
        drainMs: 60_000,
        lingerMs: 0,
        emergencyHoldMs: 300_000,
        hep: null,
      },
    });
  });

  test.each([
    ["a host that is named advertises its own address", "node-a", "203.0.113.10"],
    ["another host advertises what the listener says", "node-b", "10.0.0.7"],
  ])("%s", (_name, host, advertisedAddress) => {
    const environment = {
      ...complete([{ ...udp, advertisedAddress: "10.0.0.7" }]),
      TANDEM_HOST: host,
      TANDEM_ADVERTISED_BY_HOST: '{"node-a":"203.0.113.10"}',
    };
    expect(parseConfiguration(edgeSchema, environment)).toMatchObject({
      value: { listeners: [{ advertisedAddress }] },
    });
  });

  test("a capture server has the agent number that such servers expect, unless told another", () => {
    const read = parseConfiguration(edgeSchema, { ...complete(), TANDEM_HEP: "homer.example:9060" });
    expect(read).toMatchObject({
      value: { hep: { target: { host: "homer.example", port: 9_060 }, id: 2_001, key: null } },
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["no secret", { ...complete(), TANDEM_SECRET: "" }, /^TANDEM_SECRET is not set/],
    ["no listener", complete([]), /^TANDEM_LISTENERS is wrong: expected at least one listener\.$/],
    ["listeners of one name", complete([udp, udp]), /^TANDEM_LISTENERS is wrong: expected different names\.$/],
    ["a name to bind", complete([{ ...udp, address: "edge.example" }]), /at 0\.address: expected an IP address/],
    ["a transport we have not", complete([{ ...udp, transport: "sctp" }]), /at 0\.transport: expected udp, tcp or tls/],
    ["TLS without a certificate", complete([{ ...udp, transport: "tls" }]), /at 0\.tls: expected certificateFile/],
    [
      "a wildcard nobody can reach",
      complete([{ ...udp, address: "0.0.0.0" }]),
      /at 0\.advertisedAddress: expected what/,
    ],
    ["a port out of range", complete([{ ...udp, port: 70_000 }]), /at 0\.port: expected a port/],
    ["text instead of JSON", { ...complete(), TANDEM_LISTENERS: "[" }, /^TANDEM_LISTENERS is wrong: expected JSON\.$/],
  ])("%s is one sentence that names the place", (_name, environment, sentence) => {
    const read = parseConfiguration(edgeSchema, environment);
    expect(read.ok ? [] : read.problems).toEqual([expect.stringMatching(sentence)]);
  });
});
