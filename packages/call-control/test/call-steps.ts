import type { SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  type FakeWorld,
  last,
  requestFrom,
  settle,
  type FakeWorker,
  type RequestSketch,
  type SentRequest,
} from "../src/testing/index.ts";

/** Delivers the caller's INVITE; returns its server transaction id. */
export async function invite(
  worker: FakeWorker,
  sketch: RequestSketch = {},
  change: Parameters<typeof arriving>[1] = {},
) {
  const request = arriving(requestFrom(sketch), change);
  worker.engine.onRequest(request);
  await settle();
  return request.transaction.id;
}

/** The callee of the last INVITE answers with these codes. */
export async function answers(worker: FakeWorker, ...codes: number[]): Promise<SentRequest> {
  const sent = last(worker.sip.requests("INVITE"));
  for (const code of codes) sent.answer(answerTo(sent.message, code));
  await settle();
  return sent;
}

/** A request of the caller in the dialog that `response` (ours) made. */
export function inDialog(method: string, response: SipMessage, cseq: number): SipMessage {
  return requestFrom({ method, cseq, to: response.get("To") ?? "", body: "", branch: `z9hG4bK-${method}-${cseq}` });
}

export function ours(worker: FakeWorker, transaction: string, status: number): SipMessage {
  return last(
    worker.sip.responses.filter((each) => each.transaction.id === transaction && each.message.status === status),
  ).message;
}

/** A call that is up: INVITE, 180, 200, ACK. */
export async function established(world: FakeWorld, worker: FakeWorker) {
  const transaction = await invite(worker);
  const sent = await answers(worker, 180, 200);
  const ok = ours(worker, transaction, 200);
  worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
  await world.clock.advance(100);
  return { sent, ok, world };
}

/** The caller acknowledges the answer on his INVITE and hangs up, and the callee takes note of it. */
export async function callerHangsUp({ engine, sip }: FakeWorker, transaction: string): Promise<void> {
  const ok = sip.responseTo(transaction);
  engine.onRequest(arriving(inDialog("ACK", ok, 1)));
  engine.onRequest(arriving(inDialog("BYE", ok, 2)));
  await settle();
  const bye = last(sip.requests("BYE"));
  bye.answer(answerTo(bye.message, 200));
}

/** Everything it has sent, told and cancelled. */
export function said({ sip }: FakeWorker) {
  return [sip.sent.length, sip.responses.length, sip.sent.filter(({ cancelled }) => cancelled).length];
}

export function details(world: FakeWorld): Record<string, unknown>[] {
  return world.store.details.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
}
