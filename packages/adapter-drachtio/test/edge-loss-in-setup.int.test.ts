import { responseTo } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RawApp } from "./support/raw-app.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { ScriptedEdge } from "./support/scripted-edge.ts";
import { isUp, outgoing, startWorker, type WorkerRig } from "./support/worker-rig.ts";
import { arriving, close, welcome } from "./support/lost-edge.ts";

/** An edge knows the worker's route once it answered a round trip after it. */
async function routed(worker: WorkerRig, edge: string): Promise<void> {
  await worker.port.sendRequest(outgoing("ACK", { preferredEdge: edge }), new RecordingEvents());
}

/** Two edges of one pool and a worker that knows both. */
async function twoEdges(): Promise<{ first: EdgeRig; second: EdgeRig; worker: WorkerRig }> {
  const first = await startEdge({ edge: "e1" });
  const second = await startEdge({ edge: "e2" });
  const worker = await startWorker(() => [first.address, second.address]);
  await worker.until((edges) => edges.length === 2 && isUp(edges));
  for (const edge of ["e1", "e2"]) await routed(worker, edge);
  return { first, second, worker };
}

describe("an edge is lost while an INVITE over UDP has no final answer", () => {
  test("another edge of the pool goes on with it: the worker gets it again, and its answers go out there", async () => {
    const { first, second, worker } = await twoEdges();
    first.endpoint.receive("INVITE");
    const before = await worker.app.requests.next();
    await worker.port.respond(before.transaction, responseTo(before.message, 180, { toTag: "ours" }));
    await close(first);
    const again = await worker.app.requests.next();
    const [adopted] = second.endpoint.adopted;
    expect(again).toMatchObject({
      transaction: { edge: "e2", id: adopted?.id },
      source: before.source,
      listener: "outside",
      redelivered: true,
    });
    expect(adopted?.received).toMatchObject({ source: { address: "198.51.100.7", port: 5062 } });
    await worker.port.respond(again.transaction, responseTo(again.message, 200, { toTag: "ours" }));
    expect(adopted?.responses.map(({ status }) => status)).toEqual([200]);
    expect(second.server.stats().orphans.adopted).toBe(1);
    await close(worker, second);
  });

  test.each([
    ["takes it: a transaction", false, "outside", ["OK", "s1"]],
    ["has it from the caller: none, for it is served", true, "outside", ["OK", ""]],
    ["cannot answer from that listener: a refusal", false, "elsewhere", ["NOK", ""]],
  ] as const)("what an edge says that is asked to go on, and %s", async (_what, knows, listener, said) => {
    const edge = await startEdge();
    edge.endpoint.knows = knows;
    const app = await RawApp.login(edge.address, { tags: "octets" });
    const invite = arriving("c1", "udp").split("\r\n").slice(1).join("\r\n");
    const { tokens } = await app.ask(`sip|adopt||sip:198.51.100.7:5062;transport=udp|${listener}\r\n${invite}`);
    expect([tokens[3], tokens[10] ?? ""]).toEqual(said);
    app.socket.destroy();
    await close(edge);
  });

  test("its CANCEL reaches the worker from there", async () => {
    const { first, second, worker } = await twoEdges();
    first.endpoint.receive("INVITE");
    await worker.app.requests.next();
    await close(first);
    const again = await worker.app.requests.next();
    const [adopted] = second.endpoint.adopted;
    if (adopted !== undefined) second.endpoint.receiveCancel(adopted);
    expect((await worker.app.cancels.next()).transaction).toEqual(again.transaction);
    await close(worker, second);
  });

  test("with no other edge there: the next one to come, in time", async () => {
    const first = await ScriptedEdge.listen();
    first.welcome = welcome("i1");
    const addresses = [first.address];
    const worker = await startWorker(() => addresses);
    await worker.until(isUp);
    first.send(arriving("first", "udp"));
    await worker.app.requests.next();
    await first.close();
    const later = await startEdge({ edge: "e3" });
    addresses.splice(0, 1, later.address);
    expect((await worker.app.requests.next()).transaction.edge).toBe("e3");
    expect(worker.app.cancels.items).toEqual([]);
    await close(worker, later);
  });

  test.each(["tcp", "tls"] as const)(
    "over %s it ends with its connection: to the worker it is cancelled",
    async (transport) => {
      const { first, second, worker } = await twoEdges();
      first.endpoint.receive("INVITE", { source: { transport } });
      const request = await worker.app.requests.next();
      await close(first);
      const { transaction, cancel } = await worker.app.cancels.next();
      expect(transaction).toEqual(request.transaction);
      expect([cancel.method, cancel.uri, cancel.get("CSeq"), cancel.get("Call-ID"), cancel.get("Via")]).toEqual([
        "CANCEL",
        request.message.uri,
        "1 CANCEL",
        request.message.get("Call-ID"),
        request.message.get("Via"),
      ]);
      expect(second.endpoint.adopted).toEqual([]);
      await close(worker, second);
    },
  );

  test("an edge that does not know how is not asked", async () => {
    await using old = await ScriptedEdge.listen();
    const first = await startEdge({ edge: "e1" });
    const worker = await startWorker(() => [first.address, old.address]);
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    await routed(worker, "e1");
    first.endpoint.receive("INVITE");
    await worker.app.requests.next();
    await close(first);
    await worker.until((edges) => edges.some(({ state }) => state !== "up"));
    expect(old.frames.filter((frame) => frame.includes("INVITE"))).toEqual([]);
    await close(worker);
  });
});

describe("an edge is lost a moment after the final answer to an INVITE over UDP", () => {
  test.each([200, 486])("%d goes out again by another edge; the worker does not notice", async (status) => {
    const { first, second, worker } = await twoEdges();
    first.endpoint.receive("INVITE");
    const request = await worker.app.requests.next();
    await worker.port.respond(request.transaction, responseTo(request.message, status, { toTag: "ours" }));
    await close(first);
    const adopted = await second.endpoint.until(() => second.endpoint.adopted[0]);
    await second.endpoint.until(() => (adopted.responses.length > 0 ? true : undefined));
    expect(adopted.responses.map((response) => [response.status, response.get("To")])).toEqual([
      [status, "<sip:service@192.0.2.1>;tag=ours"],
    ]);
    expect(worker.app.requests.items).toEqual([]);
    await close(worker, second);
  });

  test("no ACK comes: the worker hears of the transaction it knows", async () => {
    const { first, second, worker } = await twoEdges();
    first.endpoint.receive("INVITE");
    const request = await worker.app.requests.next();
    await worker.port.respond(request.transaction, responseTo(request.message, 200, { toTag: "ours" }));
    await close(first);
    const adopted = await second.endpoint.until(() => second.endpoint.adopted[0]);
    await second.endpoint.until(() => (adopted.responses.length > 0 ? true : undefined));
    second.endpoint.ackTimeout(adopted);
    expect((await worker.app.ackTimeouts.next()).transaction).toEqual(request.transaction);
    await close(worker, second);
  });
});

describe("an edge closes with an INVITE under way", () => {
  test("over UDP another edge of the pool goes on with it: the caller gets nothing from the one that closes", async () => {
    const { first, second, worker } = await twoEdges();
    const invite = first.endpoint.receive("INVITE");
    await worker.app.requests.next();
    await first.server.close();
    expect((await worker.app.requests.next()).transaction.edge).toBe("e2");
    expect([invite.responses, worker.app.cancels.items]).toEqual([[], []]);
    await close(worker, second);
  });

  test("over TCP the caller gets 503, and the worker hears that it is over", async () => {
    const { first, second, worker } = await twoEdges();
    const invite = first.endpoint.receive("INVITE", { source: { transport: "tcp" } });
    const { transaction } = await worker.app.requests.next();
    await first.server.close();
    expect(invite.responses.map(({ status }) => status)).toEqual([503]);
    expect((await worker.app.cancels.next()).transaction).toEqual(transaction);
    await close(worker, second);
  });

  test.each(["never there", "gone before"])("no other edge is there (%s): 503 over UDP, too", async (what) => {
    const first = await startEdge({ edge: "e1" });
    const second = await startEdge({ edge: "e2" });
    const alone = what === "never there";
    const worker = await startWorker(() => (alone ? [first.address] : [first.address, second.address]));
    await worker.until((edges) => edges.length === (alone ? 1 : 2) && isUp(edges));
    await routed(worker, "e1");
    await close(second);
    await worker.until((edges) => edges.filter(({ state }) => state === "up").length === 1);
    await routed(worker, "e1");
    const invite = first.endpoint.receive("INVITE");
    const { transaction } = await worker.app.requests.next();
    await first.server.close();
    expect(invite.responses.map(({ status }) => status)).toEqual([503]);
    const { transaction: cancelled, cancel } = await worker.app.cancels.next();
    expect([cancelled, cancel.get("CSeq")]).toEqual([transaction, "1 CANCEL"]);
    await close(worker);
  });
});
