import { once } from "node:events";
import { connect } from "node:net";
import { generate } from "selfsigned";
import { beforeAll, describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, startWorker } from "./support/worker-rig.ts";

let key: string;
let cert: string;
let otherCert: string;

async function certificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const made = await generate([{ name: "commonName", value: "edge" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  return { key: made.private, cert: made.cert };
}

beforeAll(async () => {
  ({ key, cert } = await certificate());
  otherCert = (await certificate()).cert;
});

describe("the link between edge and worker over TLS", () => {
  test("carries requests, and is TLS again after a loss (drachtio-srf by itself would come back in plain TCP)", async () => {
    await using edge = await startEdge({ tls: { key, cert } });
    await using worker = await startWorker(() => [edge.address], { tls: { ca: cert } });
    await worker.until(isUp);
    await worker.port.sendRequest(outgoing("OPTIONS"), new RecordingEvents());
    // A silence beyond the bound makes the edge drop the connection.
    edge.advance(30_000);
    await worker.until((edges) => edges[0]?.state !== "up");
    await worker.until(isUp);
    const sent = await worker.port.sendRequest(outgoing("OPTIONS", { callId: "k2" }), new RecordingEvents());
    expect(sent.ok).toBe(true);
    expect(edge.endpoint.requests).toHaveLength(2);
  });

  test("a certificate the worker does not trust: no connection", async () => {
    await using edge = await startEdge({ tls: { key, cert } });
    await using worker = await startWorker(() => [edge.address], { tls: { ca: otherCert } });
    await worker.until((edges) => edges[0]?.state === "down");
    expect(edge.server.stats().applications).toBe(0);
  });

  test("a client without TLS harms nothing", async () => {
    await using edge = await startEdge({ tls: { key, cert } });
    const plain = connect(edge.address.port, edge.address.host);
    plain.on("error", () => undefined);
    plain.write("25#a1|authenticate|s3cret|");
    await once(plain, "close");
    await using worker = await startWorker(() => [edge.address], { tls: { ca: cert } });
    await worker.until(isUp);
  });
});
