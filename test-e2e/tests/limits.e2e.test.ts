import { until } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp, type SippRun } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const [few, slow, free] = await sipPorts(3);
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: {
      few: { port: few, maxCalls: 3 },
      slow: { port: slow, maxCallsPerSecond: 5 },
      free: { port: free },
    },
    routes: [
      { name: "few", match: "^100$", usages: ["any"], trunks: ["few"] },
      { name: "few-then-free", match: "^200$", usages: ["any"], trunks: ["few", "free"] },
      { name: "slow", match: "^300$", usages: ["any"], trunks: ["slow"] },
    ],
  });
  cluster = await startCluster(topology);
  target = cluster.port("core");
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

async function loadOf(trunk: string): Promise<number> {
  const { body } = await cluster.api.get(`/v1/trunks/${trunk}`);
  return (body as { readonly load: number }).load;
}

const untilLoad = (trunk: string, load: number) =>
  until(async () => (await loadOf(trunk)) === load, { what: `load ${load} on trunk ${trunk}` });

/** As many calls as the trunk may have, up for a while: long enough for another SIPp to start on a busy machine. */
async function fill(calls: number, holdMs = 8_000): Promise<{ readonly callers: SippRun; readonly callees: SippRun }> {
  // The last call of the test before may hold its place for a moment longer than its caller knows of it.
  await untilLoad("few", 0);
  const callees = await startUas({ scenario: "uas-basic-expect-200", port: few, calls: 100 });
  const callers = await startUac({
    scenario: "uac-basic-expect-200",
    target,
    service: "100",
    calls,
    rate: 50,
    holdMs,
  });
  await untilLoad("few", calls);
  return { callers, callees };
}

describe("calls at once on a trunk", () => {
  it("the trunk is full: the next call gets 503, and after a BYE there is room again", async () => {
    const { callers } = await fill(3);
    const refused = await startUac({ scenario: "uac-refused-expect-503", target, service: "100" });
    expect(await refused.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await callers.result).toMatchObject({ exitCode: 0, completed: 3 });
    await untilLoad("few", 0);
    const again = await startUac({ scenario: "uac-basic-expect-200", target, service: "100", holdMs: 20 });
    expect(await again.result).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("the trunk is full: a route with another trunk uses that", async () => {
    const { callers } = await fill(3);
    await startUas({ scenario: "uas-basic-expect-200", port: free });
    const other = await startUac({ scenario: "uac-basic-expect-200", target, service: "200", holdMs: 20 });
    expect(await other.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await callers.result).toMatchObject({ exitCode: 0, completed: 3 });
    await untilLoad("few", 0);
  });

  it("kill -9 of both workers with the trunk full leaks nothing: the BYEs are served and the room is there again", async () => {
    const { callers } = await fill(3, 15_000);
    for (const name of ["worker-east-1", "worker-east-2"]) await killProcess(cluster, name);
    await untilWorkers(cluster, 2);
    expect(await callers.result).toMatchObject({ exitCode: 0, completed: 3 });
    await untilLoad("few", 0);
    const again = await startUac({
      scenario: "uac-basic-expect-200",
      target,
      service: "100",
      calls: 3,
      rate: 50,
      holdMs: 20,
    });
    expect(await again.result).toMatchObject({ exitCode: 0, completed: 3 });
  });
});

describe("new calls per second on a trunk", () => {
  it("20 calls in a burst on a trunk of 5 a second: not more than two seconds' worth pass, the rest get 503", async () => {
    const records = () => cluster.callRecords().filter(({ calledNumber }) => calledNumber === "300");
    await startUas({ scenario: "uas-basic-expect-200", port: slow, calls: 20 });
    const burst = await startUac({
      scenario: "uac-basic-or-503",
      target,
      service: "300",
      calls: 20,
      rate: 200,
      holdMs: 20,
    });
    expect(await burst.result).toMatchObject({ exitCode: 0, completed: 20 });
    await until(() => records().length === 20, { what: "20 records" });
    const codes = records().map(({ sipCode }) => sipCode);
    const passed = codes.filter((code) => code === 200).length;
    expect(passed).toBeGreaterThanOrEqual(5);
    const startMs = records().map((record) => record.startMs);
    const seconds = (Math.max(...startMs) - Math.min(...startMs)) / 1_000;
    // A burst takes a tenth of a second, and more on a machine that pauses in its midst.
    expect(passed).toBeLessThanOrEqual(5 * (Math.floor(seconds) + 2));
    expect(codes.filter((code) => code === 503)).toHaveLength(20 - passed);
  });
});
