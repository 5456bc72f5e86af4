import { createSocket } from "node:dgram";
import { DASHBOARDS, generatedFiles } from "@tandem/monitoring";
import { SipPeer, until } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { ProbedGateway } from "../harness/probed-gateway.ts";
import { startPrometheus, type TestPrometheus } from "../harness/prometheus.ts";
import { sipPorts } from "../harness/ports.ts";
import { startHttpReceiver } from "../harness/receivers.ts";
import { hangUp, invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const [answering, failing, sos] = await sipPorts(3);
const probed = await ProbedGateway.open();
/** The security desk, and a location service whose answers are none. */
const [desk, mute] = [await startHttpReceiver(), await startHttpReceiver()];
/** A phone, and the gateway of a trunk with one place, by which a PSAP calls back, too. */
const [phone, narrow] = [await SipPeer.open({ user: "2001" }), await SipPeer.open({ user: "narrow" })];
let cluster: TestCluster;
let prometheus: TestPrometheus;
let noise: ReturnType<typeof setInterval> | undefined;
let noises = 0;
const stranger = createSocket("udp4").bind(0, "127.0.0.1");

beforeAll(async () => {
  const topology = await makeTopology({
    pools: {
      east: {
        workers: 2,
        listeners: { core: { serves: "callers" }, "core-tcp": { serves: "callers", transport: "tcp" }, out: {} },
      },
    },
    trunks: {
      // Its SIPp would take an OPTIONS for a call.
      answering: { port: answering, maxCalls: 500, emergency: { heartbeat: false } },
      failing: { port: failing },
      probed: { port: probed.port, probe: { enabled: true, interval: "1s", failuresToDown: 2 } },
      sos: { port: sos, kind: "e911" },
      narrow: { port: narrow.port, maxCalls: 1, usages: ["any"], emergency: { psap: true, heartbeat: false } },
      phone: { port: phone.port, listener: "core", kind: "core", trusted: true, usages: ["any"] },
    },
    routes: [
      { name: "over", match: "^1.*$", usages: ["any"], trunks: ["failing", "answering"] },
      { name: "probed", match: "^2.*$", usages: ["any"], trunks: ["probed"] },
      { name: "narrow", match: "^3.*$", usages: ["any"], trunks: ["narrow"] },
    ],
    emergency: {
      trunks: ["sos"],
      fallbackTrunks: ["narrow", "answering"],
      numbers: [{ dial: "911" }],
      heartbeat: { interval: "5s" },
      policy: "all",
      policies: [{ name: "all", notify: ["desk"] }],
      notificationTargets: [{ name: "desk", kind: "webhook", url: desk.url }],
      lis: { secondary: { url: mute.url } },
    },
  });
  cluster = await startCluster(topology);
  prometheus = await startPrometheus(cluster);
  await loadCluster();
}, 180_000);

afterAll(async () => {
  clearInterval(noise);
  stranger.close();
  await stopAllSipp();
  await prometheus?.stop();
  await cluster?.stop();
  await Promise.all([probed, desk, mute, phone, narrow].map((peer) => peer.close()));
});

/**
 * Calls of every kind that a day brings until the tests are over, a worker's death among them and then what no day should bring, while Prometheus looks on.
 * The E9-1-1 provider is there only after that, because emergency calls take other trunks where it is not.
 */
async function loadCluster(): Promise<void> {
  const quiet = { logMessages: false, calls: 100_000, limitMs: 240_000 } as const;
  await startUas({ ...quiet, scenario: "uas-basic-expect-200", port: answering });
  await startUas({ ...quiet, scenario: "uas-refuses-expect-503", port: failing });
  const caller = { ...quiet, target: cluster.port("core"), rate: 1, holdMs: 1_500 } as const;
  await startUac({ ...caller, scenario: "uac-basic-expect-200", service: "100", rate: 8 });
  await startUac({ ...caller, scenario: "uac-refused-expect-404", service: "500" });
  const overTcp = { ...caller, transport: "t1", target: cluster.port("core-tcp") } as const;
  await startUac({ ...overTcp, scenario: "uac-basic-expect-200", service: "100" });
  noise = setInterval(() => sendNoise(cluster.port("core")), 500);
  await killProcess(cluster, "worker-east-2");
  await untilWorkers(cluster, 2);
  await preempt();
  await callBack();
  await startUas({ ...quiet, scenario: "uas-heartbeat-expect-200", port: sos });
  await startUac({ ...caller, scenario: "uac-basic-expect-200", service: "911" });
}

/** An emergency call ends the ordinary call that has the only place of its trunk. */
async function preempt(): Promise<void> {
  const to = { address: "127.0.0.1", port: cluster.port("core") };
  const ordinary = await setUp({ caller: phone, callee: narrow, to }, { number: "300" });
  const sent = invite(phone, to, { number: "911" });
  narrow.reply(await narrow.expect("BYE", ordinary.callee.callId), 200);
  phone.reply(await phone.expect("BYE", ordinary.caller.callId), 200);
  const arrived = await narrow.expect("INVITE");
  const answered = narrow.reply(arrived, 200, { headers: [SDP], body: session(2) });
  const answer = await phone.expect("200 INVITE", sent.get("Call-ID"));
  const caller = phone.dialogAsCaller(sent, answer);
  caller.ack();
  await narrow.expect("ACK", arrived.message.get("Call-ID"));
  const callee = narrow.dialogAsCallee(arrived, answered);
  await hangUp({ caller, callee, sent, arrived, answer }, phone, narrow);
}

/** The PSAP calls whoever made the emergency call, and nobody answers. */
async function callBack(): Promise<void> {
  const sent = invite(narrow, { address: "127.0.0.1", port: cluster.port("out") }, { number: "2001" });
  const arrived = await phone.expect("INVITE");
  phone.reply(arrived, 480);
  await phone.expect("ACK", arrived.message.get("Call-ID"));
  narrow.ackFailure(sent, await narrow.expect(480, sent.get("Call-ID")));
}

/** What is no SIP, what belongs to no call, and a look at the control API. */
function sendNoise(port: number): void {
  stranger.send("this is not a SIP message at all\r\n\r\n", port, "127.0.0.1");
  noises += 1;
  const headers = [
    "BYE sip:nobody@127.0.0.1 SIP/2.0",
    `Via: SIP/2.0/UDP 127.0.0.1:${stranger.address().port};branch=z9hG4bK-noise-${noises}`,
    "Max-Forwards: 70",
    "From: <sip:nobody@127.0.0.1>;tag=1",
    "To: <sip:nobody@127.0.0.1>;tag=2",
    `Call-ID: noise-${noises}`,
    "CSeq: 1 BYE",
    "Content-Length: 0",
  ];
  stranger.send(`${headers.join("\r\n")}\r\n\r\n`, port, "127.0.0.1");
  void cluster.api.get("/v1/trunks").catch(() => undefined);
}

/** As Grafana would ask with every choice on "All". */
function asked(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "5m")
    .replaceAll(/\$(?:namespace|pool|trunk)/g, ".*");
}

const queries = DASHBOARDS.flatMap(({ title, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map(({ expr }, index) => [`${title}: ${panel.title} ${index + 1}`, expr] as const),
    ),
  ),
);

describe("every query of every dashboard, on a cluster under load", () => {
  it.each(queries)("%s", async (_name, expr) => {
    await until(async () => (await prometheus.query(asked(expr))).some(({ value }) => Number.isFinite(value)), {
      // A probe may have gone to the worker that died, and a rate needs two looks.
      limitMs: 40_000,
      everyMs: 250,
      what: `data for ${expr}`,
    });
  });
});

const choices = [...generatedFiles()].flatMap(([file, text]) =>
  file.endsWith(".json") ? choicesOf(text).map(({ name, query }) => [`${file}: ${name}`, query] as const) : [],
);

/** What is asked for the choices at the top of a dashboard. */
function choicesOf(text: string): readonly { readonly name: string; readonly query: string }[] {
  const { templating } = JSON.parse(text) as {
    readonly templating: { readonly list: readonly { type: string; name: string; query: string }[] };
  };
  return templating.list.filter(({ type }) => type === "query");
}

describe("every choice of every dashboard, on a cluster under load", () => {
  it.each(choices)("%s has values", async (_name, query) => {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    if (selector === undefined || label === undefined) throw new Error(`not a query for values: ${query}`);
    await until(async () => (await prometheus.labelValues(asked(selector), label)).length > 0, {
      limitMs: 40_000,
      everyMs: 250,
      what: `values for ${query}`,
    });
  });
});

describe("alerts on a cluster under load", () => {
  it("a healthy cluster raises none that wakes somebody", async () => {
    // Nobody acknowledges what the desk is told, so after five minutes that one is right.
    const critical = await prometheus.query(
      'ALERTS{severity="critical", alertstate="firing", alertname!="TandemEmergencyNoticeUnacknowledged"}',
    );
    expect(critical).toEqual([]);
  });

  it("a trunk that stops to answer its probes raises TandemTrunkDown", async () => {
    probed.status = null;
    await until(async () => (await prometheus.alerts()).some(({ name }) => name === "TandemTrunkDown"), {
      limitMs: 40_000,
      everyMs: 250,
      what: "the alert",
    });
  });
});
