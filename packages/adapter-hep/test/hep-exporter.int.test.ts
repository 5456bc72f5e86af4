import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { TracedMessage } from "@tandem/sip-endpoint";
import { until } from "@tandem/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHepExporter } from "../src/index.ts";
import { readHep } from "./read-hep.ts";

const message: TracedMessage = {
  direction: "received",
  atMs: 1,
  text: "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n",
  transport: "udp",
  address: "127.0.0.1",
  port: 5_070,
  localAddress: "127.0.0.1",
  localPort: 5_060,
};

let server: Socket;
const packets: Buffer[] = [];

beforeEach(async () => {
  packets.length = 0;
  server = createSocket("udp4").on("message", (packet) => packets.push(packet));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => server.close());

test("messages reach the capture server; those before its name was known are dropped and counted", async () => {
  const known = Promise.withResolvers<void>();
  const target = { host: "localhost", port: server.address().port };
  const exporter = createHepExporter({ target, id: 7, key: null, onState: () => known.resolve() });
  exporter.take(message);
  expect(exporter.counts()).toEqual({ sent: 0, dropped: 1 });
  await known.promise;
  exporter.take(message);
  await until(() => packets.length === 1, { what: "the packet" });
  expect(
    readHep(packets[0] ?? Buffer.alloc(0))
      .get(0x0c)
      ?.readUInt32BE(),
  ).toBe(7);
  expect(exporter.counts()).toEqual({ sent: 1, dropped: 1 });
  await exporter.close();
});

test("a message that fits no datagram is dropped, and the next one goes out", async () => {
  const known = Promise.withResolvers<void>();
  const target = { host: "127.0.0.1", port: server.address().port };
  const exporter = createHepExporter({ target, id: 7, key: null, onState: () => known.resolve() });
  await known.promise;
  exporter.take({ ...message, text: message.text.padEnd(65_500, "x") });
  exporter.take(message);
  await until(() => packets.length === 1, { what: "the packet" });
  expect(exporter.counts()).toEqual({ sent: 1, dropped: 1 });
  await exporter.close();
});

test("a message whose long Call-ID makes its copy too long is dropped and counted", async () => {
  const known = Promise.withResolvers<void>();
  const target = { host: "127.0.0.1", port: server.address().port };
  const exporter = createHepExporter({ target, id: 7, key: null, onState: () => known.resolve() });
  await known.promise;
  exporter.take({ ...message, text: `OPTIONS sip:a@b SIP/2.0\r\nCall-ID: ${"x".repeat(64_900)}\r\n\r\n` });
  expect(exporter.counts()).toEqual({ sent: 0, dropped: 1 });
  await exporter.close();
});

test("a server that is not there harms nobody", async () => {
  const states: boolean[] = [];
  const exporter = createHepExporter({
    target: { host: "nowhere.invalid", port: 9_060 },
    id: 1,
    key: null,
    onState: (reachable) => states.push(reachable),
  });
  await until(() => states.length > 0, { what: "the answer of the name service" });
  exporter.take(message);
  expect(states).toEqual([false]);
  expect(exporter.counts()).toEqual({ sent: 0, dropped: 1 });
  await exporter.close();
});
