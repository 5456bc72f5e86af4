import { formatMessage, responseTo } from "@tandem/sip";
import { expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import type { FakeServerTransaction } from "./support/fake-transactions.ts";
import { close } from "./support/lost-edge.ts";
import { OCTETS, RawApp } from "./support/raw-app.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, startWorker, type WorkerRig } from "./support/worker-rig.ts";

/** Another worker, which found the caller in the record, asks the edge to go on with the INVITE. */
async function asked(edge: EdgeRig, { received }: FakeServerTransaction): Promise<string | undefined> {
  const app = await RawApp.login(edge.address, OCTETS);
  const invite = formatMessage(received.message);
  const { tokens } = await app.ask(`sip|adopt||sip:198.51.100.7:5062;transport=udp|outside\r\n${invite}`);
  app.socket.destroy();
  return tokens[10];
}

async function edgeAndWorker(): Promise<{ edge: EdgeRig; worker: WorkerRig }> {
  const edge = await startEdge();
  const worker = await startWorker(() => [edge.address]);
  await worker.until(isUp);
  // The edge knows the worker's route once it answered a round trip after it.
  await worker.port.sendRequest(outgoing("ACK", { preferredEdge: "e1" }), new RecordingEvents());
  return { edge, worker };
}

test("an INVITE that a worker refused is over: whoever finds its call in a record that outlived it does not go on with it", async () => {
  const { edge, worker } = await edgeAndWorker();
  const invite = edge.endpoint.receive("INVITE");
  const { transaction, message } = await worker.app.requests.next();
  await worker.port.respond(transaction, responseTo(message, 486, { toTag: "ours" }));
  expect(await asked(edge, invite)).toBe("");
  expect(edge.endpoint.adopted).toEqual([]);
  await close(worker, edge);
});

test("and so is one that its caller cancelled, though nobody could be told", async () => {
  const { edge, worker } = await edgeAndWorker();
  const invite = edge.endpoint.receive("INVITE");
  await worker.app.requests.next();
  edge.endpoint.receiveCancel(invite);
  expect(await asked(edge, invite)).toBe("");
  await close(worker, edge);
});

test("and one that the edge refused because no worker was there", async () => {
  const edge = await startEdge();
  const invite = edge.endpoint.receive("INVITE");
  expect(await asked(edge, invite)).toBe("");
  await close(edge);
});

test("not one that was answered: its answer may be given again", async () => {
  const { edge, worker } = await edgeAndWorker();
  const invite = edge.endpoint.receive("INVITE");
  const { transaction, message } = await worker.app.requests.next();
  await worker.port.respond(transaction, responseTo(message, 200, { toTag: "ours" }));
  expect(await asked(edge, invite)).not.toBe("");
  await close(worker, edge);
});

test("it is remembered for as long as a record may outlive it", async () => {
  const edge = await startEdge();
  const invite = edge.endpoint.receive("INVITE");
  edge.advance(299_000);
  expect(await asked(edge, invite)).toBe("");
  edge.advance(2_000);
  expect(await asked(edge, invite)).not.toBe("");
  await close(edge);
});
