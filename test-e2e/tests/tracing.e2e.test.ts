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
    const [record] = await cluster.recordsOf(1);
    const wanted = ['"name":"attempt failing"', '"name":"attempt answering"', record?.callId ?? "no call"];
    // Several spans may come in several batches.
    const missing = () => wanted.filter((words) => !exported.join("").includes(words));
    await until(() => missing().length === 0, { what: "its spans at the collector" });
    expect(missing()).toEqual([]);
  });

  it("its messages are at the capture server, both legs, in HEP version 3", async () => {
    // What was sent again on a machine that paused has the same branch, and counts once.
    const requests = (method: string): readonly string[] => {
      const branch = new RegExp(`${method} sip:.*\r\n(?:.*\r\n)*?Via:.*;branch=([^;\r\n]+)`, "i");
      return [...new Set(captured.flatMap((packet) => branch.exec(packet.toString("latin1"))?.[1] ?? []))];
    };
    await until(() => requests("BYE").length === 2, { what: "the BYE of both legs" });
    expect(captured.every((packet) => packet.toString("latin1", 0, 4) === "HEP3")).toBe(true);
    // The caller's, the one that failed and the one that was answered.
    expect(requests("INVITE")).toHaveLength(3);
    const sent = (): Promise<number> =>
      cluster.metric("edge-east-1", "tandem_captured_messages_total", { result: "sent" });
    await until(async () => (await sent()) === captured.length, { what: "every captured message counted" });
  });
});
