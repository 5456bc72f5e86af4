import { undisturbed, until } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp, type SippOptions } from "../harness/sipp.ts";
import { makeCertificates, relayFromTls, relayToTls, relayToTlsAnonymously, type TlsRelay } from "../harness/tls.ts";
import { makeTopology } from "../harness/topology.ts";

type Transport = "udp" | "tcp" | "tls";
const TRANSPORTS: readonly Transport[] = ["udp", "tcp", "tls"];
const MIXES = TRANSPORTS.flatMap((caller) => TRANSPORTS.map((callee) => [caller, callee] as const));

const [udpPeer, tcpPeer, tlsPeer, behindTls] = await sipPorts(4);
const certificates = makeCertificates();
let cluster: TestCluster;
let relays: readonly TlsRelay[] = [];
let target: Readonly<Record<Transport, number>>;

const { caFile, certificateFile, keyFile } = certificates;
const tls = { caFile, certificateFile, keyFile, mutual: true };

beforeAll(async () => {
  const topology = await makeTopology({
    pools: {
      east: {
        workers: 2,
        listeners: {
          "core-udp": { transport: "udp", serves: "callers" },
          "core-tcp": { transport: "tcp", serves: "callers" },
          "core-tls": { transport: "tls", serves: "callers", tls },
          "core-open-tls": { transport: "tls", serves: "callers", tls: { certificateFile, keyFile, mutual: false } },
          "out-udp": { transport: "udp" },
          "out-tcp": { transport: "tcp" },
          "out-tls": { transport: "tls", tls },
        },
      },
    },
    trunks: {
      udp: { port: udpPeer, listener: "out-udp" },
      tcp: { port: tcpPeer, listener: "out-tcp" },
      tls: { port: tlsPeer, listener: "out-tls" },
    },
    routes: TRANSPORTS.map((transport, index) => ({
      name: transport,
      match: `^${index + 1}00$`,
      usages: ["any"],
      trunks: [transport],
    })),
  });
  cluster = await startCluster(topology);
  const toTls = await relayToTls(cluster.port("core-tls"), certificates);
  relays = [toTls, await relayFromTls(behindTls, certificates, tlsPeer)];
  target = { udp: cluster.port("core-udp"), tcp: cluster.port("core-tcp"), tls: toTls.port };
});
afterEach(stopAllSipp);
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await cluster?.stop();
  certificates.remove();
});

const sippTransport = (transport: Transport): NonNullable<SippOptions["transport"]> =>
  transport === "udp" ? "u1" : "t1";
const calleePort = { udp: udpPeer, tcp: tcpPeer, tls: behindTls } as const;

/** Calls that were placed. */
let placed = 0;

async function place(caller: Transport, callee: Transport, scenarios: readonly [uac: string, uas: string]) {
  placed += 3;
  const outcome = await placeCall(
    {
      scenario: scenarios[0],
      target: target[caller],
      transport: sippTransport(caller),
      service: `${TRANSPORTS.indexOf(callee) + 1}00`,
      holdMs: 50,
      calls: 3,
    },
    [{ scenario: scenarios[1], port: calleePort[callee], transport: sippTransport(callee), calls: 3 }],
  );
  const callees = await Promise.all(outcome.callees.map((run) => run.result));
  return { caller: outcome.caller, callee: callees[0]! };
}

describe("calls between transports", () => {
  it.each(MIXES)("%s → %s: answered, ended by the caller, nothing retransmitted", async (caller, callee) => {
    const outcome = await undisturbed(
      () => place(caller, callee, ["uac-basic-expect-200", "uas-basic-expect-200"]),
      (ended) => ended.caller.retransmissions + ended.callee.retransmissions === 0,
    );
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 3, retransmissions: 0 });
    expect(outcome.callee).toMatchObject({ exitCode: 0, completed: 3, retransmissions: 0 });
  });

  it.each(MIXES.filter(([caller]) => caller !== "tls"))("%s → %s: ended by the callee", async (caller, callee) => {
    const outcome = await place(caller, callee, ["uac-callee-ends-expect-200", "uas-ends-expect-200"]);
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 3 });
    expect(outcome.callee).toMatchObject({ exitCode: 0, completed: 3 });
  });

  it("tls → udp: ended by the callee over the connection the caller opened (RFC 5923)", async () => {
    const outcome = await place("tls", "udp", ["uac-callee-ends-expect-200", "uas-ends-expect-200"]);
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 3 });
  });

  it("tls without a client certificate → udp: ended by the callee over the same connection", async () => {
    placed += 1;
    const relay = await relayToTlsAnonymously(cluster.port("core-open-tls"));
    relays = [...relays, relay];
    const outcome = await placeCall(
      { scenario: "uac-callee-ends-expect-200", target: relay.port, transport: "t1", service: "100", holdMs: 50 },
      [{ scenario: "uas-ends-expect-200", port: udpPeer, holdMs: 50 }],
    );
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("a request larger than 1300 bytes goes to a UDP peer over TCP (RFC 3261 §18.1.1)", async () => {
    placed += 1;
    const outcome = await placeCall(
      { scenario: "uac-large-expect-200", target: target.udp, service: "100", holdMs: 50 },
      [{ scenario: "uas-basic-expect-200", port: udpPeer, transport: "t1" }],
    );
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("a request larger than 1300 bytes goes over UDP to a peer that has no TCP", async () => {
    placed += 1;
    const outcome = await placeCall(
      { scenario: "uac-large-expect-200", target: target.udp, service: "100", holdMs: 50 },
      [{ scenario: "uas-basic-expect-200", port: udpPeer }],
    );
    expect(outcome.caller).toMatchObject({ exitCode: 0, completed: 1 });
  });
});

it("tcp and tls: kill -9 of one of two workers between answer and BYE: every BYE completes", async () => {
  const calls = 4;
  placed += 2 * calls;
  const uas = await startUas({ scenario: "uas-basic-expect-200", port: udpPeer });
  const common = { scenario: "uac-basic-expect-200", transport: "t1", service: "100", holdMs: 3_000, calls } as const;
  const callers = await Promise.all([
    startUac({ ...common, target: target.tcp }),
    startUac({ ...common, target: target.tls }),
  ]);
  const established = async () => (await uas.messages()).filter(({ what }) => what === "ACK").length;
  await until(async () => (await established()) >= 2 * calls, { what: "every call answered" });
  await killProcess(cluster, "worker-east-1");
  for (const { result } of callers) expect(await result).toMatchObject({ exitCode: 0, completed: calls, failed: 0 });
  await untilWorkers(cluster, 2);
});

it("every call left one detail record and none is still counted", async () => {
  expect(placed).toBeGreaterThanOrEqual(3 * MIXES.length + 3 * (MIXES.length - TRANSPORTS.length) + 3 + 1 + 2);
  const ids = (await cluster.recordsOf(placed)).map(({ callId }) => callId);
  expect(ids).toHaveLength(placed);
  expect(new Set(ids).size).toBe(placed);
  const loads = async (): Promise<readonly number[]> => {
    const { body } = await cluster.api.get("/v1/trunks");
    return (body as readonly { readonly load: number }[]).map(({ load }) => load);
  };
  // A place is given back beside the record, not before it.
  await until(async () => (await loads()).every((load) => load === 0), { what: "no load left" });
});
