import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { startRedisServer, until } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { clusterState, document, publish, type ClusterState } from "./cluster-state.ts";
import { startController } from "./controller-process.ts";

/** More than a pipe holds that nobody reads (64 KiB). */
const LONG = "x".repeat(100_000);

/** Takes what it is sent. */
async function receiver() {
  const accepted: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      const { records } = JSON.parse(body) as { records: { id: string }[] };
      accepted.push(...records.map(({ id }) => id));
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/cdr`;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url, accepted, [Symbol.dispose]: close };
}

async function finishCall({ store }: ClusterState, id: string): Promise<void> {
  const call = { callId: id, document: "{}", deadlineMs: Date.now(), trunks: [] };
  valueOf(await store.finish(call, 0, [{ id, kind: "call", json: JSON.stringify({ id, LONG }) }]));
}

describe("a file of detail records that hangs", () => {
  it("holds up no webhook, and has every record when it goes on", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    using webhook = await receiver();
    await publish(state, document, null);
    const directory = await mkdtemp(join(tmpdir(), "tandem-controller-"));
    const pipe = join(directory, "cdr.pipe");
    await promisify(execFile)("mkfifo", [pipe]);
    await finishCall(state, "a");
    await using controller = await startController({
      TANDEM_REDIS: redis.url,
      TANDEM_NODE_ID: "c1",
      TANDEM_LEASE_MS: "1500",
      TANDEM_CDR_FILE: pipe,
      TANDEM_CDR_FSYNC: "off",
      TANDEM_CDR_WEBHOOK: webhook.url,
    });
    await until(() => webhook.accepted.includes("a"), { what: "the first record" });
    await finishCall(state, "b");
    await until(() => webhook.accepted.includes("b"), { what: "the second record" });
    expect(valueOf(await state.details.backlog())).toBe(2);
    const written: string[] = [];
    createInterface({ input: createReadStream(pipe) }).on("line", (line) => {
      written.push((JSON.parse(line) as { id: string }).id);
    });
    await until(async () => valueOf(await state.details.backlog()) === 0, { what: "an empty stream" });
    await until(() => written.includes("b"), { what: "the lines" });
    // A term that ends on a slow machine gives the file what it had once more.
    expect([...new Set(written)]).toEqual(["a", "b"]);
    expect(await controller.end("SIGTERM")).toBe(0);
    await rm(directory, { recursive: true });
  });
});
