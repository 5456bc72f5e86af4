import { responseTo } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { createNameDirectory } from "../src/client/index.ts";
import { startEdge } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { ScriptedEdge } from "./support/scripted-edge.ts";
import { isUp, outgoing, startWorker } from "./support/worker-rig.ts";

const INVITE = [
  "INVITE sip:service@192.0.2.1 SIP/2.0",
  "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
  "From: <sip:a@b>;tag=1",
  "To: <sip:c@d>",
  "Call-ID: c1",
  "CSeq: 1 INVITE",
  "",
  "",
].join("\r\n");

const networkFrame = (id: string, text: string): string =>
  `m|sip|network|100|udp|198.51.100.7|5060||${id}||192.0.2.1|5060|outside\r\n${text}`;

describe.concurrent("a connection to an edge", () => {
  test("is made again after a loss, and serves again", async () => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address]);
    await worker.until(isUp);
    await edge.expect(/\|route\|\*$/);
    edge.sockets[0]?.destroy();
    await worker.until((edges) => edges[0]?.state !== "up");
    await worker.until(isUp);
    await edge.expect(/\|authenticate\|s3cret\|octets,beats$/);
    await edge.expect(/\|route\|\*$/);
    edge.send(networkFrame("s1", INVITE));
    expect((await worker.app.requests.next()).transaction).toEqual({ edge: "scripted", id: "s1" });
  });

  test.each<[string, (id: string) => string, string]>([
    ["a wrong secret", (id) => `w|response|${id}|NO|incorrect secret`, "refused"],
    ["another pool", (id) => `w|response|${id}|OK|h|v0.9.10-tandem;edge=x;pool=west|h`, "wrong-pool"],
    ["a server that is no edge of ours", (id) => `w|response|${id}|OK|h|v0.9.10-1-g9c2dd4cb6a|h`, "not-tandem"],
    ["an answer that is none", () => "w|dance", "refused"],
  ])("%s: not used, and tried again later", async (_name, welcome, reason) => {
    await using edge = await ScriptedEdge.listen();
    edge.welcome = welcome;
    await using worker = await startWorker(() => [edge.address]);
    await worker.until((edges) => edges[0]?.state === "down" && edges[0].reason === reason);
    expect(await worker.port.sendRequest(outgoing("OPTIONS"), new RecordingEvents())).toMatchObject({ ok: false });
    edge.welcome = (id) => `w|response|${id}|OK|h|v0.9.10-tandem;edge=x;pool=east|h`;
    await worker.until(isUp);
  });

  test("an edge that never answers is given up after the connect time", async () => {
    await using edge = await ScriptedEdge.listen();
    edge.welcome = null;
    await using worker = await startWorker(() => [edge.address], { retry: { connectTimeoutMs: 30, firstMs: 10 } });
    await worker.until((edges) => edges[0]?.reason === "unreachable");
  });

  test("nobody listens: down, tried again until somebody does", async () => {
    const gone = await ScriptedEdge.listen();
    const { address } = gone;
    await gone.close();
    await using worker = await startWorker(() => [address]);
    await worker.until((edges) => edges[0]?.reason === "unreachable");
    await using edge = await ScriptedEdge.listen(address.port);
    await worker.until(isUp);
    expect(edge.sockets).toHaveLength(1);
  });

  test.each([
    ["a length that is none", "abc#", "bad-length"],
    ["a frame above the bound", "99999999#", "frame-too-large"],
    ["text that is no octets", "4#x\u010d", "not-octets"],
  ])("%s ends it with a reason, and nothing throws", async (_name, bytes, reason) => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address], { retry: { firstMs: 60_000, maxMs: 60_000 } });
    await worker.until(isUp);
    edge.raw(bytes);
    if (reason === "not-octets") edge.raw("x");
    await worker.until((edges) => edges[0]?.state === "down");
    expect(worker.port.edges()[0]?.reason).toBe(reason);
  });

  test("an edge that went silent is noticed by its missing answers to the beats, long before the pings would tell", async () => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address], {
      limits: { pingMs: 60_000 },
      retry: { firstMs: 60_000, maxMs: 60_000 },
    });
    await worker.until(isUp);
    const events = new RecordingEvents();
    void worker.port.sendRequest(outgoing("INVITE"), events);
    await worker.until((edges) => edges[0]?.reason === "silent", 20_000);
  });

  test("two addresses of one edge: one connection serves, the other is a duplicate", async () => {
    await using edge = await startEdge();
    const { port } = edge.address;
    await using worker = await startWorker(() => [
      { host: "127.0.0.1", port },
      { host: "localhost", port },
    ]);
    await worker.until(
      (edges) => edges.some((each) => each.state === "up") && edges.some((each) => each.reason === "duplicate"),
    );
    await edge.hasApplications(1);
    expect(worker.port.edges().filter((each) => each.state === "up")).toHaveLength(1);
  });
});

describe("what waits at an edge", () => {
  test("is read in its order, some 64 kB in a turn of the event loop, so that all else has its turn between", async () => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address]);
    await worker.until(isUp);
    const frames = Array.from({ length: 2_000 }, (_, at) => networkFrame(`s${at}`, `${INVITE}${"x".repeat(1_000)}`));
    edge.raw(frames.map((frame) => `${Buffer.byteLength(frame)}#${frame}`).join(""));
    const { items } = worker.app.requests;
    let most = 0;
    const deadline = Date.now() + 15_000;
    while (items.length < frames.length && Date.now() < deadline) {
      const before = items.length;
      await new Promise((resolve) => void setImmediate(resolve));
      most = Math.max(most, items.length - before);
    }
    expect(items.map(({ transaction }) => transaction.id)).toEqual(frames.map((_, at) => `s${at}`));
    // A read that is not full is followed by one that is, at most.
    expect(most).toBeLessThan((2 * 65_536) / 1_000);
  });
});

describe("frames that cannot be read", () => {
  test("a request gets the parser's answer, a metric, and the connection goes on", async () => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address]);
    await worker.until(isUp);
    edge.send(networkFrame("s1", "INVITE sip:a@b SIP/3.0\r\nVia: x\r\n\r\n"));
    expect(await edge.expect(/\|sip\|s1\|/)).toContain("SIP/2.0 505 SIP version not supported");
    edge.send(networkFrame("s2", "INVITE sip:a@b SIP/2.0\r\nno colon here\r\n\r\n"));
    expect(await edge.expect(/\|sip\|s2\|/)).toContain("SIP/2.0 400 Malformed header line");
    expect([...worker.port.stats().unreadable.keys()]).toEqual(["SIP version not supported", "Malformed header line"]);
    edge.send(networkFrame("s3", INVITE));
    expect((await worker.app.requests.next()).transaction.id).toBe("s3");
  });

  test("a response ends its transaction as a failure", async () => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address]);
    await worker.until(isUp);
    const events = new RecordingEvents();
    const sent = worker.port.sendRequest(outgoing("OPTIONS"), events);
    const id = (await edge.expect(/\|sip\|\|/)).split("|")[0];
    edge.send(`m|response|${id}|OK|application|0|||||c1`);
    await sent;
    edge.send("m|sip|network|100|udp|198.51.100.7|5060||c1||\r\nSIP/2.0 999 Odd\r\n\r\n");
    expect(await events.failures.next()).toMatchObject({ code: "protocol-error" });
  });

  test.each([
    ["a frame of unknown type", "m|dance|x"],
    ["an ACK without end", networkFrame("s1", "ACK sip:a@b SIP/2.0\r\nVia")],
    [
      "an unsolicited request, which only an edge with dialogs sends",
      "m|sip|application|1|udp|1.1.1.1|1||unsolicited|d|\r\nBYE",
    ],
    ["a missing ACK without its 2xx", "m|sip|application|1|udp|1.1.1.1|1||ack-timeout|s1|\r\nx"],
  ])("%s is counted", async (_name, frame) => {
    await using edge = await ScriptedEdge.listen();
    await using worker = await startWorker(() => [edge.address]);
    await worker.until(isUp);
    edge.send(frame);
    edge.send(networkFrame("s9", INVITE));
    await worker.app.requests.next();
    expect([...worker.port.stats().unreadable.values()]).toEqual([1]);
  });
});

describe("the directory", () => {
  test("edges appear and disappear; one that disappeared serves until its connection ends", async () => {
    await using first = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    let listed = [first.address];
    await using worker = await startWorker(() => listed);
    await worker.until(isUp);
    listed = [first.address, second.address];
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    listed = [second.address];
    await second.endpoint.until(() => (worker.port.edges().length === 2 ? true : undefined));
    const events = new RecordingEvents();
    const sent = await worker.port.sendRequest(outgoing("OPTIONS", { preferredEdge: "e1" }), events);
    expect(sent).toMatchObject({ ok: true, value: { edge: "e1" } });
    await first.server.close();
    await worker.until((edges) => edges.length === 1);
    expect(worker.port.edges()[0]?.edge).toBe("e2");
  });

  test("that cannot be read leaves things as they are", async () => {
    await using edge = await startEdge();
    let broken = false;
    await using worker = await startWorker(() => {
      if (broken) throw new Error("no DNS");
      return [edge.address];
    });
    await worker.until(isUp);
    broken = true;
    await edge.hasApplications(1);
    const sent = await worker.port.sendRequest(outgoing("OPTIONS"), new RecordingEvents());
    expect(sent.ok).toBe(true);
  });

  test("of names gives all addresses of each, and keeps the last ones when a name fails", async () => {
    const answers: Record<string, readonly string[]> = { "edge.example": ["192.0.2.1", "2001:db8::1"] };
    const directory = createNameDirectory(
      async () => ({ east: ["edge.example:9022", "192.0.2.9:1"] }),
      async (host) => {
        if (host === "192.0.2.9") return [host];
        const found = answers[host];
        if (found === undefined) throw new Error("ENOTFOUND");
        return found;
      },
    );
    const all = [
      { host: "192.0.2.1", port: 9022 },
      { host: "2001:db8::1", port: 9022 },
      { host: "192.0.2.9", port: 1 },
    ];
    expect(await directory("east")).toEqual(all);
    delete answers["edge.example"];
    expect(await directory("east")).toEqual(all);
    expect(await directory("west")).toEqual([]);
  });
});

test("closing fails what is pending and leaves nothing connected", async () => {
  await using edge = await startEdge();
  const worker = await startWorker(() => [edge.address]);
  await worker.until(isUp);
  const events = new RecordingEvents();
  await worker.port.sendRequest(outgoing("INVITE"), events);
  await worker.port.close();
  expect(await events.failures.next()).toMatchObject({ code: "edge-lost" });
  await edge.hasApplications(0);
  const late = await worker.port.respond({ edge: "e1", id: "x" }, responseTo(outgoing("OPTIONS").message, 200));
  expect(late.ok).toBe(false);
});
