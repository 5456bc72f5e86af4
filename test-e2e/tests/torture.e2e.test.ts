import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { latin1Text, parseMessage, topVia, validateRequest } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { pidOf } from "../harness/kill.ts";
import { sipPort } from "../harness/ports.ts";
import { makeTopology } from "../harness/topology.ts";

const CORPUS = join(import.meta.dirname, "..", "..", "packages", "sip", "test", "corpus", "rfc4475");
const MESSAGES = readdirSync(CORPUS).filter((name) => name.endsWith(".dat"));

/** What follows the first message makes no sense on a stream, so the connection ends before the answer. */
const NOT_FOR_STREAMS: ReadonlySet<string> = new Set(["dblreq.dat"]);

const alice = await SipPeer.open({ user: "alice" });
let cluster: TestCluster;
let udp: PeerAddressOf;
let tcp: number;

beforeAll(async () => {
  const topology = await makeTopology({
    pools: {
      east: {
        listeners: { core: { serves: "callers" }, "core-tcp": { transport: "tcp", serves: "callers" }, out: {} },
      },
    },
    trunks: { nobody: { port: await sipPort() } },
    routes: [{ name: "nobody", match: "^100$", usages: ["any"], trunks: ["nobody"] }],
  });
  cluster = await startCluster(topology);
  udp = { address: "127.0.0.1", port: cluster.port("core") };
  tcp = cluster.port("core-tcp");
});
afterAll(async () => {
  await cluster?.stop();
  await alice.close();
});

const bytesOf = (name: string): Buffer => readFileSync(join(CORPUS, name));

/** The cluster, edge and worker, still answers. */
async function answersOptions(): Promise<void> {
  alice.request("OPTIONS", udp);
  await alice.expect("200 OPTIONS");
}

/** The same message in a call and transaction of its own: the copy sent over TCP would be a retransmission of it (RFC 3261 §17.2.3). */
function anotherOne(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1").replaceAll(/z9hG4bK(?=[^;\r\n])/g, "z9hG4bKudp");
  return Buffer.from(text.replaceAll(/^(call-id|i)([ \t]*:\s*)/gim, "$1$2udp"), "latin1");
}

/** Responses but for 100, first lines. */
const answersIn = (received: string): readonly string[] => received.match(/^SIP\/2\.0 (?!100)\d{3} /gm) ?? [];

/** Sends bytes over a connection of their own; what came back, once a final answer did or an OPTIONS sent afterwards was answered. */
async function overTcp(bytes: Buffer, mustAnswer: boolean): Promise<string> {
  const socket = connect(tcp, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(bytes);
  await answersOptions();
  if (mustAnswer) await until(() => answersIn(answer).length > 0, { what: "an answer" });
  socket.destroy();
  return answer;
}

/** What RFC 3261 wants of a server that gets this on a stream: a status, an answer of some kind, or nothing to be relied on. */
function expectedOnStream(name: string): RegExp | null {
  const text = latin1Text(bytesOf(name));
  if (!text.includes("\r\n\r\n") || NOT_FOR_STREAMS.has(name)) return null;
  const parsed = parseMessage(text);
  if (!parsed.ok)
    return parsed.error.answerable && parsed.error.salvaged !== undefined && topVia(parsed.error.salvaged) !== undefined
      ? new RegExp(`^SIP/2\\.0 ${parsed.error.status} `)
      : null;
  const message = parsed.value;
  // Nobody knows where an answer would have to go.
  if (topVia(message) === undefined) return null;
  // A body shorter than Content-Length says is, on a stream, a message that is not complete yet.
  const isCut = Number(message.get("Content-Length") ?? "0") > message.body.length;
  if (message.kind === "response" || message.method === "ACK" || isCut) return null;
  const fault = validateRequest(message);
  return fault === undefined ? /^SIP\/2\.0 [2-6]\d\d / : new RegExp(`^SIP/2\\.0 ${fault.status} `);
}

describe("RFC 4475 on the wire", () => {
  it("the corpus is there", () => expect(MESSAGES.length).toBeGreaterThanOrEqual(49));

  it.each(MESSAGES)("%s over UDP harms nothing", async (name) => {
    const socket = createSocket("udp4");
    socket.send(anotherOne(bytesOf(name)), udp.port, udp.address);
    await answersOptions();
    socket.close();
  });

  it.each(MESSAGES)("%s over TCP is answered as it deserves", async (name) => {
    const expected = expectedOnStream(name);
    const answer = await overTcp(bytesOf(name), expected !== null);
    if (expected !== null) expect(answersIn(answer)[0]).toMatch(expected);
    else expect(answer).toMatch(/^$|^SIP\/2\.0 /);
  });

  it("what is no SIP at all harms nothing", async () => {
    for (const noise of [
      "\0".repeat(1_500),
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "INVITE",
      "\r\n\r\n\r\n",
      "x".repeat(60_000),
    ]) {
      const socket = createSocket("udp4");
      socket.send(Buffer.from(noise, "latin1"), udp.port, udp.address);
      await overTcp(Buffer.from(noise, "latin1"), false);
      socket.close();
    }
  });

  it("no process of the cluster was lost", async () => {
    for (const { name, pid, role } of cluster.processes) {
      if (role !== "control-api") expect(await pidOf(cluster, name)).toBe(pid);
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(cluster.logOf(name)).not.toMatch(/"level":60|uncaught|unhandled/i);
    }
  });
});
