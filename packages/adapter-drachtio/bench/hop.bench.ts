/**
 * What the hop between edge and worker costs: CPU microseconds per SIP message on each side, both in processes of their own, at a fixed number of
 * requests in flight. One exchange is a request to the worker, its response back, and the edge's brief reply.
 * Run: node --conditions=@tandem/source packages/adapter-drachtio/bench/hop.bench.ts
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { responseTo, withHeaders } from "@tandem/sip";
import { createDrachtioSipPort } from "../src/client/index.ts";
import { startEdge } from "../test/support/edge-rig.ts";
import { FakeServerTransaction } from "../test/support/fake-transactions.ts";
import { sampleInvite } from "../test/support/sample-messages.ts";

const SECONDS = 4;
const IN_FLIGHT = [1, 8, 64];

async function runWorker(port: number): Promise<void> {
  const sip = createDrachtioSipPort({
    pools: ["east"],
    pool: "east",
    secret: "s3cret",
    edges: async () => [{ host: "127.0.0.1", port }],
    app: {
      onRequest: ({ transaction, message }) => {
        const ringing = responseTo(message, 486, { toTag: "worker" });
        void sip.respond(
          transaction,
          withHeaders(ringing, (headers) => void headers.append("Reason", "Q.850;cause=17")),
        );
      },
      onCancel: () => undefined,
      onAckTimeout: () => undefined,
      onOrphanAnswer: () => undefined,
      worksOn: () => true,
    },
  });
  await sip.start();
  process.on("message", () => process.send?.(process.cpuUsage()));
}

async function runEdge(): Promise<void> {
  await using edge = await startEdge({ settings: { sweepMs: 1_000 } });
  const child = fork(import.meta.filename, [String(edge.address.port)], { execArgv: process.execArgv });
  await edge.endpoint.until(() => (edge.server.stats().frames.received >= 2 ? true : undefined));
  const received = sampleInvite();
  let serial = 0;
  let running = true;
  let exchanges = 0;
  const inject = (): void => {
    serial += 1;
    const transaction = new FakeServerTransaction(`t${serial}`, received, () => {
      exchanges += 1;
      if (running) inject();
    });
    edge.server.events.onRequest(transaction, received);
  };
  const workerCpu = async (): Promise<NodeJS.CpuUsage> => {
    child.send("cpu");
    const [usage] = (await once(child, "message")) as [NodeJS.CpuUsage];
    return usage;
  };
  for (const inFlight of [IN_FLIGHT.at(-1) ?? 1, ...IN_FLIGHT]) {
    running = true;
    const before = { edge: process.cpuUsage(), worker: await workerCpu(), exchanges };
    for (let each = 0; each < inFlight; each += 1) inject();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
    running = false;
    const count = exchanges - before.exchanges;
    const spent = (now: NodeJS.CpuUsage, then: NodeJS.CpuUsage): string =>
      ((now.user + now.system - then.user - then.system) / count).toFixed(1);
    console.log(
      `in flight ${inFlight}: ${Math.round(count / SECONDS)} exchanges/s, edge ${spent(process.cpuUsage(), before.edge)} µs, worker ${spent(await workerCpu(), before.worker)} µs per exchange of 3 frames (${received.text.length} B request)`,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill();
}

const [port] = process.argv.slice(2);
await (port === undefined ? runEdge() : runWorker(Number(port)));
