import { parseConfiguration } from "@tandem/runtime";
import { describe, expect, test } from "vitest";
import { answerSchema, callSchema } from "./config.ts";

const caller = {
  TANDEM_PEER_ADDRESS: "10.0.0.9",
  TANDEM_PEER_TARGET: "edges.voice:5060",
  TANDEM_PEER_CALLS: "2125550123,933",
};

describe("the test peer's environment", () => {
  test("what is not set has the documented default", () => {
    expect(parseConfiguration(callSchema, caller)).toEqual({
      ok: true,
      value: {
        address: "10.0.0.9",
        port: 5_090,
        target: "edges.voice:5060",
        transport: "udp",
        caller: "2125550100",
        numbers: ["2125550123", "933"],
        patienceMs: 30_000,
      },
    });
    expect(parseConfiguration(answerSchema, { ...caller, TANDEM_PEER_PORTS: "5080,5082" })).toMatchObject({
      value: { ports: [5080, 5082] },
    });
  });

  test.each([
    ["no target", { TANDEM_PEER_TARGET: "" }, /TANDEM_PEER_TARGET is not set; expected host:port/],
    ["a number that is none", { TANDEM_PEER_CALLS: "9x" }, /TANDEM_PEER_CALLS is wrong at 0: expected digits/],
    ["nothing to call", { TANDEM_PEER_CALLS: "" }, /TANDEM_PEER_CALLS is not set/],
    [
      "a transport we have not",
      { TANDEM_PEER_TRANSPORT: "tls" },
      /TANDEM_PEER_TRANSPORT is wrong: expected udp or tcp/,
    ],
    ["a name as own address", { TANDEM_PEER_ADDRESS: "pod" }, /TANDEM_PEER_ADDRESS is wrong: expected an IP address/],
  ])("%s is refused", (_name, change, sentence) => {
    const read = parseConfiguration(callSchema, { ...caller, ...change });
    expect(read.ok ? [] : read.problems).toContainEqual(expect.stringMatching(sentence));
  });
});
