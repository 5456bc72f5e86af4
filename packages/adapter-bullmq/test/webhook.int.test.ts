import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebhookSink, idempotencyKey, type WebhookSink } from "@tandem/adapter-bullmq";
import type { StreamedRecord } from "@tandem/call-control";
import { until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { deployments, queueConnection } from "./queue-client.ts";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
}

/** An HTTP receiver that answers as it is told and keeps everything. */
async function startReceiver(answer: (count: number) => number | "hang" | { readonly retryAfterS: number }) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const told = answer(received.length);
      const status = typeof told === "number" ? told : 503;
      received.push({ headers: request.headers, body, status: told === "hang" ? 0 : status });
      if (told === "hang") return;
      if (typeof told === "object") response.setHeader("retry-after", String(told.retryAfterS));
      response.writeHead(status).end("ignored");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/cdr`,
    received,
    accepted: (): readonly string[] =>
      received
        .filter(({ status }) => status >= 200 && status < 300)
        .flatMap(({ body }) => (JSON.parse(body) as { records: { id: string }[] }).records.map(({ id }) => id)),
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Longer than a pause of the machine: an answer that is there counts as silence otherwise. */
const TIMEOUT_MS = 2_000;

const records = (from: number, count: number): readonly StreamedRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const id = `call-${String(from + index)}`;
    return {
      shard: 0,
      streamId: `${String(from + index)}-0`,
      id,
      kind: "call",
      json: JSON.stringify({ kind: "call", id }),
    };
  });

const idsOf = (sent: readonly StreamedRecord[]): readonly string[] => sent.map(({ id }) => id);

describe.each(deployments)("delivery to a webhook on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  beforeEach(() => fixture.flush());
  afterAll(() => fixture[Symbol.asyncDispose]());

  const sinkTo = (connection: ReturnType<typeof queueConnection>, url: string): WebhookSink =>
    createWebhookSink(connection, {
      target: { url, secret: "hush", token: "t0ken", timeoutMs: TIMEOUT_MS },
      firstPauseMs: 20,
    });

  it("sends signed batches in order with a key that names the batch", async () => {
    using connection = queueConnection(fixture.url);
    using receiver = await startReceiver(() => 200);
    const sink = sinkTo(connection, receiver.url);
    const stop = valueOf(await sink.run());
    const sent = records(0, 250);
    valueOf(await sink.take(sent));
    await until(() => receiver.accepted().length >= 250, { what: "all records" });
    expect(receiver.accepted()).toEqual(idsOf(sent));
    expect(receiver.received).toHaveLength(3);
    const [first] = receiver.received;
    expect(first?.headers["idempotency-key"]).toBe(idempotencyKey(idsOf(sent.slice(0, 100))));
    expect(first?.headers.authorization).toBe("Bearer t0ken");
    const [, seconds = "", mac = ""] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers["tandem-signature"])) ?? [];
    expect(mac).toBe(
      createHmac("sha256", "hush")
        .update(`${seconds}.${first?.body ?? ""}`)
        .digest("hex"),
    );
    expect(Math.abs(Number(seconds) * 1_000 - Date.now())).toBeLessThan(30_000);
    await stop();
    await sink.close();
    expect(connection.errors).toEqual([]);
  });

  it("tries again through errors, silence and Retry-After, and nothing overtakes", async () => {
    using connection = queueConnection(fixture.url);
    const moods = [500, "hang", { retryAfterS: 1 }, 302, 404] as const;
    using receiver = await startReceiver((count) => (count % 2 === 0 ? (moods[count / 2] ?? 204) : 204));
    const sink = sinkTo(connection, receiver.url);
    const stop = valueOf(await sink.run());
    const sent = [records(0, 1), records(1, 1), records(2, 1), records(3, 1), records(4, 1), records(5, 1)];
    for (const batch of sent) valueOf(await sink.take(batch));
    await until(() => receiver.accepted().length >= 6, { what: "all records" });
    expect(receiver.accepted()).toEqual(sent.flatMap((batch) => idsOf(batch)));
    expect(receiver.received).toHaveLength(11);
    expect(valueOf(await sink.deadLetters())).toBe(0);
    await until(async () => valueOf(await sink.waiting()) === 0, { what: "the empty queue" });
    await stop();
    await sink.close();
  });

  it("puts aside what the receiver refuses, counts it, and goes on", async () => {
    using connection = queueConnection(fixture.url);
    using receiver = await startReceiver((count) => (count === 1 ? 422 : 200));
    const sink = sinkTo(connection, receiver.url);
    const stop = valueOf(await sink.run());
    for (const batch of [records(0, 1), records(1, 1), records(2, 1)]) valueOf(await sink.take(batch));
    await until(() => receiver.accepted().length >= 2, { what: "the two acceptable records" });
    expect(receiver.accepted()).toEqual(["call-0", "call-2"]);
    await until(async () => valueOf(await sink.deadLetters()) === 1, { what: "the dead letter" });
    await stop();
    await sink.close();
  });

  it("gives up on a batch that is too old", async () => {
    using connection = queueConnection(fixture.url);
    using receiver = await startReceiver(() => 503);
    const results: string[] = [];
    const sink = createWebhookSink(connection, {
      target: { url: receiver.url, secret: null, token: null, timeoutMs: TIMEOUT_MS },
      firstPauseMs: 20,
      giveUpAfterMs: 1_500,
      onDelivery: (result, count) => results.push(`${result} ${String(count)}`),
    });
    const stop = valueOf(await sink.run());
    valueOf(await sink.take(records(0, 2)));
    await until(async () => valueOf(await sink.deadLetters()) === 1, { what: "the dead letter" });
    expect(results.length).toBeGreaterThan(2);
    expect(results.at(-1)).toBe("failed 2");
    expect(new Set(results.slice(0, -1))).toEqual(new Set(["retried 2"]));
    expect(receiver.received[0]?.headers).not.toHaveProperty("tandem-signature");
    await stop();
    await sink.close();
  });

  it("does not send a batch twice that was queued twice", async () => {
    using connection = queueConnection(fixture.url);
    using receiver = await startReceiver(() => 200);
    const sink = sinkTo(connection, receiver.url);
    const stop = valueOf(await sink.run());
    valueOf(await sink.take(records(0, 3)));
    await until(() => receiver.accepted().length === 3);
    valueOf(await sink.take(records(0, 3)));
    valueOf(await sink.take(records(3, 1)));
    await until(() => receiver.accepted().length >= 4);
    expect(receiver.accepted()).toEqual(["call-0", "call-1", "call-2", "call-3"]);
    await stop();
    await sink.close();
  });

  it("keeps what is queued while nobody delivers, for whoever does next", async () => {
    using first = queueConnection(fixture.url);
    using second = queueConnection(fixture.url);
    using receiver = await startReceiver(() => 200);
    const before = sinkTo(first, receiver.url);
    valueOf(await before.take(records(0, 2)));
    expect(valueOf(await before.waiting())).toBe(1);
    await before.close();
    const after = sinkTo(second, receiver.url);
    const stop = valueOf(await after.run());
    await until(() => receiver.accepted().length === 2);
    await stop();
    await after.close();
  });
});
