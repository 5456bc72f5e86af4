import { withHeaders } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import {
  answerTo,
  arriving,
  FakeWorld,
  peer,
  requestFrom,
  settle,
  withTrunkSettings,
  type FakeWorker,
  type RequestSketch,
} from "../src/testing/index.ts";

async function served(
  sketch: RequestSketch,
  change: Parameters<typeof arriving>[1] = {},
  prepare: (worker: FakeWorker) => void = () => undefined,
): Promise<{ worker: FakeWorker; status: number | undefined; header: (name: string) => string | undefined }> {
  const worker = await new FakeWorld().worker();
  prepare(worker);
  worker.engine.onRequest(arriving(requestFrom(sketch), change));
  await settle();
  const response = worker.sip.responses.at(-1)?.message;
  return { worker, status: response?.status, header: (name) => response?.get(name) };
}

const OPTIONS: RequestSketch = { method: "OPTIONS", uri: "sip:192.0.2.1" };

describe("OPTIONS", () => {
  test("is answered with what an INVITE could use (RFC 3261 §11.2)", async () => {
    const { status, header } = await served(OPTIONS);
    expect(status).toBe(200);
    expect(header("Allow")).toContain("INVITE");
    expect(header("Accept")).toContain("application/sdp");
    expect(header("Supported")).toContain("timer");
    expect(header("To")).toMatch(/;tag=/);
  });

  test.each(["sip:ping@192.0.2.1", "sip:12025550123@192.0.2.1"])("%s is a question to us all the same", async (uri) => {
    const { worker, status } = await served({ ...OPTIONS, uri });
    expect(status).toBe(200);
    expect(worker.sip.sent).toHaveLength(0);
  });

  test("gets 503 with Retry-After while draining", async () => {
    const { status, header } = await served(OPTIONS, {}, ({ engine }) => engine.setDraining(true));
    expect(status).toBe(503);
    expect(Number(header("Retry-After"))).toBeGreaterThan(0);
  });

  test("is answered under more load than ordinary calls are taken at: emergency calls are served", async () => {
    const worker = await new FakeWorld().worker({ limits: { maxSetups: 0 } });
    worker.engine.onRequest(arriving(requestFrom(OPTIONS)));
    await settle();
    expect(worker.sip.responses.at(-1)?.message.status).toBe(200);
  });

  test("that requires what nobody here knows gets 420 with Unsupported (RFC 3261 §8.2.2.3)", async () => {
    const { status, header } = await served({ ...OPTIONS, headers: [["Require", "timer, teleport"]] });
    expect(status).toBe(420);
    expect(header("Unsupported")).toBe("teleport");
  });

  test("from an unknown source gets 403, one metric and one log line", async () => {
    const { worker, status } = await served(OPTIONS, { source: peer("10.9.9.9") });
    expect(status).toBe(403);
    expect(worker.telemetry.refused).toEqual([{ method: "OPTIONS", failure: "unknown-source" }]);
    expect(worker.telemetry.logged.filter(({ message }) => message === "request refused")).toHaveLength(1);
  });
});

describe("requests Tandem does not serve", () => {
  test.each([
    ["REGISTER", 405],
    ["SUBSCRIBE", 405],
    ["PUBLISH", 405],
    ["REFER", 405],
    ["FOO", 501],
  ])("%s out of a dialog is %i with Allow", async (method, expected) => {
    const { status, header } = await served({ method });
    expect(status).toBe(expected);
    expect(header("Allow")).toContain("INVITE");
  });

  test.each(["BYE", "INFO", "UPDATE", "PRACK"])("%s without a dialog is 481", async (method) => {
    expect((await served({ method })).status).toBe(481);
  });

  test.each(["BYE", "INVITE", "OPTIONS", "NOTIFY"])("%s with a To tag that is not ours is 481", async (method) => {
    expect((await served({ method, to: "<sip:x@y>;tag=theirs" })).status).toBe(481);
  });

  test("an ACK that belongs to nothing has no answer", async () => {
    const { worker } = await served({ method: "ACK" });
    expect(worker.sip.responses).toHaveLength(0);
  });

  test("everything is 503 before the first topology", async () => {
    const worker = await new FakeWorld(null).worker();
    for (const method of ["INVITE", "OPTIONS", "MESSAGE"]) worker.engine.onRequest(arriving(requestFrom({ method })));
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([503, 503, 503]);
  });
});

const MESSAGE: RequestSketch = { method: "MESSAGE", body: "hello", headers: [["X-Note", "kept"]] };

describe("MESSAGE and NOTIFY for somebody", () => {
  test("are decided like calls and forwarded with nothing of the sender's network", async () => {
    const { worker } = await served(MESSAGE);
    const [sent] = worker.sip.sent;
    expect(sent?.request).toMatchObject({ pool: "east", listener: "outside" });
    expect(sent?.message.uri).toBe("sip:12025550123@198.51.100.1:5060");
    expect(sent?.message.get("X-Note")).toBe("kept");
    expect(sent?.message.get("Contact")).toBeUndefined();
    expect(sent?.message.get("Max-Forwards")).toBe("69");
    const text = sent?.message.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
    expect(text).not.toContain("192.0.2.10");
    expect(sent?.message.body).toBe("hello");
  });

  test("the answer goes back to the sender with its own dialog values", async () => {
    const { worker } = await served(MESSAGE);
    const [sent] = worker.sip.sent;
    sent?.answer(answerTo(sent.message, 202));
    await settle();
    const response = worker.sip.responses.at(-1)?.message;
    expect(response?.status).toBe(202);
    expect(response?.get("Call-ID")).toBe("call-1@192.0.2.10");
    expect(response?.get("CSeq")).toBe("1 MESSAGE");
  });

  test.each([
    ["503 moves on", 503],
    ["408 moves on", 408],
  ])("failover: %s", async (_name, code) => {
    const { worker } = await served(MESSAGE);
    const [first] = worker.sip.sent;
    first?.answer(answerTo(first.message, code));
    await settle();
    const second = worker.sip.sent[1];
    expect(second?.message.uri).toBe("sip:12025550123@198.51.100.2:5060");
    second?.answer(answerTo(second.message, 200));
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([200]);
  });

  test("408 of the last peer is told as 504 (RFC 4320 §4.2)", async () => {
    const { worker } = await served(MESSAGE);
    for (let at = 0; at < 2; at++) {
      const sent = worker.sip.sent[at];
      sent?.answer(answerTo(sent.message, 408));
      await settle();
    }
    expect(worker.sip.sent).toHaveLength(2);
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([504]);
  });

  test("404 of a peer is the end", async () => {
    const { worker } = await served(MESSAGE);
    const [first] = worker.sip.sent;
    first?.answer(answerTo(first.message, 404));
    await settle();
    expect(worker.sip.sent).toHaveLength(1);
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([404]);
  });

  test("a silent peer is left for the next one, and its late answer is not relayed", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.engine.onRequest(arriving(requestFrom(MESSAGE)));
    await world.clock.advance(8_000);
    expect(worker.sip.sent).toHaveLength(2);
    const [first, second] = worker.sip.sent;
    first?.answer(answerTo(first.message, 200));
    second?.answer(answerTo(second.message, 202));
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([202]);
  });

  test("when nobody can be reached the sender gets an answer", async () => {
    const { worker, status } = await served(MESSAGE, {}, ({ sip }) => {
      sip.refusal = { code: "edge-unavailable", detail: "none" };
    });
    expect(worker.sip.sent).toHaveLength(0);
    expect(status).toBe(503);
  });

  test("Max-Forwards 0 is 483 (RFC 3261 §16.3)", async () => {
    const worker = await new FakeWorld().worker();
    worker.engine.onRequest(arriving(withHops(requestFrom(MESSAGE), "0")));
    await settle();
    expect(worker.sip.responses.map(({ message }) => message.status)).toEqual([483]);
  });

  test("no route is 404, no shared usage 403", async () => {
    expect((await served({ ...MESSAGE, uri: "sip:777@192.0.2.1" })).status).toBe(404);
    const fromOutside = { source: peer("198.51.100.1"), listener: "outside" };
    expect((await served(MESSAGE, fromOutside)).status).toBe(403);
  });
});

describe("hot configuration", () => {
  test("a newer topology decides the next request; one that does not compile changes nothing", async () => {
    const world = new FakeWorld();
    const news: number[] = [];
    const worker = await world.worker({
      onTopology: ({ version, snapshot }) => void news.push(snapshot === null ? -version : version),
    });
    world.topology.put(JSON.stringify(withTrunkSettings("pstn-1", { enabled: false })));
    await settle();
    worker.engine.onRequest(arriving(requestFrom(MESSAGE)));
    world.topology.put(JSON.stringify({ ...withTrunkSettings("pstn-2", { enabled: false }), pools: [] }));
    await settle();
    worker.engine.onRequest(arriving(requestFrom({ ...MESSAGE, callId: "second" })));
    await settle();
    expect(worker.sip.sent.map(({ message }) => message.uri)).toEqual([
      "sip:12025550123@198.51.100.2:5060",
      "sip:12025550123@198.51.100.2:5060",
    ]);
    expect(news).toEqual([1, 2, -3]);
    expect(worker.telemetry.logged).toContainEqual(
      expect.objectContaining({ level: "error", message: "topology refused, the previous one stays" }),
    );
  });
});

function withHops(message: ReturnType<typeof requestFrom>, hops: string): ReturnType<typeof requestFrom> {
  return withHeaders(message, (edit) => void edit.set("Max-Forwards", hops));
}
