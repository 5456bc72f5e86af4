import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const [failing, answering] = await sipPorts(2);
const captured: Buffer[] = [];
const exported: string[] = [];
const homer = createSocket("udp4").on("message", (packet) => captured.push(packet));
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    exported.push(Buffer.concat(chunks).toString("utf8"));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
let cluster: TestCluster;

beforeAll(async () => {
  homer.bind(0, "127.0.0.1");
  collector.listen(0, "127.0.0.1");
  await Promise.all([once(homer, "listening"), once(collector, "listening")]);
  const topology = await makeTopology({ trunks: { failing: { port: failing }, answering: { port: answering } } });
  const environment = {
    TANDEM_HEP: `127.0.0.1:${homer.address().port}`,
    TANDEM_OTLP: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`,
  };
  cluster = await startCluster(topology, { environment });
  await startUas({ scenario: "uas-refuses-expect-503", port: failing });
  const { caller } = await placeCall(
    { scenario: "uac-basic-expect-200", target: cluster.port("core"), service: "100", holdMs: 50 },
    [{ scenario: "uas-basic-expect-200", port: answering }],
  );
  expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
});
afterAll(async () => {
  await stopAllSipp();
  await cluster?.stop();
  homer.close();
  collector.closeAllConnections();
  collector.close();
});

describe("a call in sight of others", () => {
  it("its trace at the collector holds the failed and the answered way out, and carries its call id", async () => {
    await until(() => exported.length > 0, { what: "spans at the collector" });
    const [record] = await cluster.recordsOf(1);
    const text = exported.join("");
    expect(text).toContain('"name":"attempt failing"');
    expect(text).toContain('"name":"attempt answering"');
    expect(text).toContain(record?.callId);
  });

  it("its messages are at the capture server, both legs, in HEP version 3", async () => {
    const texts = (): string => captured.map((packet) => packet.toString("latin1")).join("");
    await until(() => texts().match(/BYE sip:/g)?.length === 2, { what: "the BYE of both legs" });
    expect(captured.every((packet) => packet.toString("latin1", 0, 4) === "HEP3")).toBe(true);
    // The caller's, the one that failed and the one that was answered.
    expect(texts().match(/INVITE sip:/g)).toHaveLength(3);
    expect(await cluster.metric("edge-east-1", "tandem_captured_messages_total", { result: "sent" })).toBe(
      captured.length,
    );
  });
});
