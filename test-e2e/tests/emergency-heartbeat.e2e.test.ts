import { until } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { sipPorts } from "../harness/ports.ts";
import { startPrometheus, type TestPrometheus } from "../harness/prometheus.ts";
import { startUas, stopAllSipp, type SippRun } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

interface Walk {
  readonly lastTryMs: number;
  readonly lastSuccessMs: number;
  readonly outcome: string;
  readonly code: number | null;
}

interface Path {
  readonly trunk: string;
  readonly working: boolean;
  readonly lastSuccessMs: number;
  readonly options: Walk;
  readonly testCall: Walk | null;
}

const LAST = "tandem_emergency_heartbeat_last_success_timestamp_seconds";
const FAILING = "tandem_emergency_heartbeat_failing";
const [answering, refusing, elsewhere] = await sipPorts(3);
let cluster: TestCluster;
let controller: string;
let prometheus: TestPrometheus;
let provider: SippRun;
let refuser: SippRun;
let startedMs: number;

beforeAll(async () => {
  const topology = await makeTopology({
    trunks: {
      answers: { port: answering, kind: "e911", emergency: { testCall: true } },
      refuses: { port: refusing, kind: "e911", emergency: { testCall: true } },
      ordinary: { port: elsewhere },
    },
    emergency: {
      numbers: [{ dial: "911" }, { dial: "933", test: true }],
      trunks: ["answers", "refuses"],
      heartbeat: { interval: "5s", testCallInterval: "10m" },
    },
  });
  const patient = { calls: 1_000, limitMs: 600_000 } as const;
  provider = await startUas({ ...patient, scenario: "uas-heartbeat-expect-200", port: answering });
  refuser = await startUas({ ...patient, scenario: "uas-heartbeat-refuses-expect-503", port: refusing });
  startedMs = Date.now();
  cluster = await startCluster(topology);
  controller = cluster.processes.find(({ role }) => role === "controller")?.name ?? "";
  prometheus = await startPrometheus(cluster);
}, 120_000);
afterAll(async () => {
  await prometheus?.stop();
  await cluster?.stop();
  await stopAllSipp();
});

async function pathOver(trunk: string, wanted: (path: Path) => boolean, what: string): Promise<Path> {
  let found: Path | undefined;
  await until(
    async () => {
      const { body } = await cluster.api.get("/v1/emergency/path");
      found = (body as readonly Path[]).find((path) => path.trunk === trunk && wanted(path));
      return found !== undefined;
    },
    { what, limitMs: 30_000 },
  );
  if (found === undefined) throw new Error(what);
  return found;
}

const walkedBoth = ({ options, testCall }: Path): boolean => options.lastTryMs > 0 && testCall !== null;

describe("a trunk whose provider answers the test call", () => {
  it("gets a call to 933 that is acknowledged and ended at once, and OPTIONS in between", async () => {
    await provider.saw(({ what }) => what === "BYE", "the end of the test call");
    const messages = await provider.messages();
    const invite = messages.find(({ what }) => what === "INVITE");
    expect(invite?.text).toMatch(/^INVITE sip:933@/);
    const callId = invite?.headers("Call-ID")[0];
    const ofTheCall = messages.filter((message) => message.headers("Call-ID")[0] === callId);
    expect(ofTheCall.map(({ what }) => what)).toEqual(expect.arrayContaining(["INVITE", "ACK", "BYE"]));
    await provider.saw(({ what }) => what === "OPTIONS", "OPTIONS");
  });

  it("shows the time of the last success in the API and as a metric", async () => {
    const path = await pathOver("answers", (each) => walkedBoth(each) && each.options.code === 200, "both walks");
    expect(path).toMatchObject({ working: true, testCall: { outcome: "answered", code: 200 } });
    expect(path.testCall?.lastSuccessMs).toBe(path.testCall?.lastTryMs);
    expect(path.testCall?.lastSuccessMs).toBeGreaterThanOrEqual(startedMs);
    await until(
      async () => (await cluster.metric(controller, LAST, { trunk: "answers" })) * 1_000 >= path.lastSuccessMs,
      {
        what: "the metric",
      },
    );
    expect(await cluster.metric(controller, FAILING, { trunk: "answers" })).toBe(0);
  });
});

describe("a trunk whose provider refuses the test call, though it answers OPTIONS", () => {
  it("does not work: the API says why, and one log line tells of it", async () => {
    await refuser.saw(({ what }) => what === "INVITE", "the test call");
    // An OPTIONS that meets a pause of the machine is answered at the next walk.
    const path = await pathOver("refuses", (each) => walkedBoth(each) && each.options.code === 200, "both walks");
    expect(path).toMatchObject({
      working: false,
      options: { outcome: "answered", code: 200 },
      testCall: { outcome: "answered", code: 503, lastSuccessMs: 0 },
    });
    const failures = cluster
      .logOf(controller)
      .split("\n")
      .filter((line) => line.includes("emergency path failed") && line.includes('"trunk":"refuses"'))
      .filter((line) => line.includes('"kind":"test-call"'));
    expect(failures).toHaveLength(1);
  });

  it("raises an alarm", async () => {
    await until(
      async () => (await cluster.metric(controller, FAILING, { trunk: "refuses", kind: "test-call" })) === 1,
      {
        what: "the metric",
      },
    );
    const reduced = 'ALERTS{alertname="TandemEmergencyPathReduced"}';
    const trunks = async () => (await prometheus.query(reduced)).map(({ metric }) => metric["trunk"]);
    await until(async () => (await trunks()).join() === "refuses", { what: "the alert of that trunk", everyMs: 250 });
  });
});

describe("a provider that goes away", () => {
  it("leaves the time of the last success where it was, and does not work any more", async () => {
    await provider.stop();
    const gone = await pathOver("answers", ({ working }) => !working, "a walk that fails");
    const { lastSuccessMs, lastTryMs } = gone.options;
    expect(lastSuccessMs).toBeGreaterThan(0);
    expect(lastSuccessMs).toBeLessThan(lastTryMs);
    const later = await pathOver("answers", ({ options }) => options.lastTryMs > lastTryMs, "a further walk");
    expect(later.options.lastSuccessMs).toBe(lastSuccessMs);
    expect(await cluster.metric(controller, LAST, { trunk: "answers" })).toBeCloseTo(later.lastSuccessMs / 1_000, 3);
    expect(await cluster.metric(controller, FAILING, { trunk: "answers", kind: "options" })).toBe(1);
  });
});
