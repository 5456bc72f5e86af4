import { setImmediate as nextTurn } from "node:timers/promises";
import { undisturbed, until } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { ProbedGateway } from "../harness/probed-gateway.ts";
import { startUac, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const INTERVAL_MS = 1_000;
const first = await ProbedGateway.open();
const second = await ProbedGateway.open();
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  const topology = await makeTopology({
    trunkDefaults: {
      probe: { enabled: true, interval: INTERVAL_MS, downInterval: INTERVAL_MS, timeout: 300, failuresToDown: 3 },
    },
    core: { usages: ["any"], probe: { enabled: false } },
    trunks: { first: { port: first.port }, second: { port: second.port } },
    routes: [
      { name: "both", match: "^100$", usages: ["any"], trunks: ["first", "second"] },
      { name: "first", match: "^200$", usages: ["any"], trunks: ["first"] },
    ],
  });
  cluster = await startCluster(topology);
  target = cluster.port("core");
});
beforeEach(async () => {
  first.status = 200;
  await untilState("first", "up");
});
afterEach(stopAllSipp);
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([first.close(), second.close()]);
});

interface TrunkBody {
  readonly health: { readonly state: string; readonly lastCode: number | null; readonly sinceMs: number };
}

async function health(trunk: string): Promise<TrunkBody["health"]> {
  return ((await cluster.api.get(`/v1/trunks/${trunk}`)).body as TrunkBody).health;
}

const untilState = (trunk: string, state: string) =>
  until(async () => (await health(trunk)).state === state, { what: `${trunk} ${state}` });

async function call(service: string, expected: number): Promise<void> {
  const uac = await startUac({ scenario: `uac-refused-expect-${expected}`, target, service });
  expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
}

/** The board tells workers of a change at once; until then a call may still go to the trunk. */
const untilAvoided = () =>
  until(
    async () => {
      const before = first.received.invites;
      await call("100", 486);
      return first.received.invites === before;
    },
    { what: "calls avoiding the first trunk" },
  );

describe("A7: OPTIONS tell which trunks live", () => {
  it("every trunk is probed once per interval, by one worker for the whole cluster", async () => {
    const start = second.probes;
    await until(() => second.probes >= start + 3, { what: "three probes" });
    const threeMore = async (): Promise<number> => {
      const [startedMs, counted] = [Date.now(), second.probes];
      await until(() => second.probes >= counted + 3, { what: "three more probes" });
      return Date.now() - startedMs;
    };
    // What came while the machine stood still is counted at once.
    const isSlow = (tookMs: number): boolean => tookMs > 2 * INTERVAL_MS;
    expect(isSlow(await undisturbed(threeMore, isSlow))).toBe(true);
  });

  it("a miss or two change nothing; the third in a row takes the trunk down, with a log line, and calls go to the next", async () => {
    first.status = null;
    const before = first.probes;
    await untilState("first", "down");
    // What the gateway had got by then, it has read.
    await nextTurn();
    expect(first.probes).toBeGreaterThanOrEqual(before + 3);
    expect(cluster.logOf("controller")).toMatch(/"trunk":"first".*"state":"down".*"msg":"trunk health changed"/);
    await untilAvoided();
    const refused = first.received.invites;
    await call("200", 503);
    expect(first.received.invites).toBe(refused);
  });

  it("a probe that nobody waits for any more is not sent again (timeout 0.3 s, T1 0.5 s)", async () => {
    first.status = null;
    const [probes, again] = [first.probes, first.repeatedProbes];
    await until(() => first.probes >= probes + 6, { what: "six missed probes" });
    // The worker that stops waiting and the edge that would repeat are two processes: one may pause between the two times. All six are not repeated.
    expect(first.repeatedProbes - again).toBeLessThan(3);
  });

  /** The trunk goes and comes back; time until a call reaches it again (ms). */
  async function comeBack(): Promise<number> {
    first.status = null;
    await untilState("first", "down");
    await untilAvoided();
    first.status = 200;
    const backMs = Date.now();
    const before = first.received.invites;
    await until(
      async () => {
        await call("100", 486);
        return first.received.invites > before;
      },
      { what: "a call on the recovered trunk" },
    );
    return Date.now() - backMs;
  }

  it("one answer brings it back: a call reaches it within an interval", async () => {
    // And the time that two calls of SIPp take.
    const limitMs = INTERVAL_MS + 1_500;
    expect(await undisturbed(comeBack, (tookMs) => tookMs < limitMs)).toBeLessThan(limitMs);
  });

  it("503 to OPTIONS is a peer that cannot take calls; 404 is one that is alive", async () => {
    first.status = 503;
    await untilState("first", "down");
    expect((await health("first")).lastCode).toBe(503);
    first.status = 404;
    await untilState("first", "up");
    expect((await health("first")).lastCode).toBe(404);
  });
});
