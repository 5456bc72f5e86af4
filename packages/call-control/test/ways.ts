import type { SipMessage } from "@tandem/sip";
import { answerTo, arriving, requestFrom, settle, type FakeWorker, type RequestSketch } from "../src/testing/index.ts";

export const KINDS = [
  ["an ordinary call", "sip:12025550123@192.0.2.1"],
  ["an emergency call", "sip:911@192.0.2.1"],
] as const;

export const EMERGENCY = KINDS[1][1];

export const NEXT: RequestSketch = { branch: "z9hG4bK-next" };

export const EDGE_2 = { transaction: { edge: "edge-2", id: "by-edge-2" } };

/** The INVITE arrives; gives its transaction. */
export async function invite(worker: FakeWorker, sketch: RequestSketch, change: Parameters<typeof arriving>[1] = {}) {
  const request = arriving(requestFrom(sketch), change);
  worker.engine.onRequest(request);
  await settle();
  return request.transaction;
}

/** INVITEs of all of them, oldest first of each. */
export const invites = (...workers: readonly FakeWorker[]) => workers.flatMap(({ sip }) => sip.requests("INVITE"));

export function lastOf<T>(list: readonly T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("nothing there");
  return found;
}

export async function answered(worker: FakeWorker, ...codes: readonly number[]): Promise<void> {
  const sent = lastOf(invites(worker));
  for (const code of codes) sent.answer(answerTo(sent.message, code));
  await settle();
}

export function cancelOf(sketch: RequestSketch): SipMessage {
  return requestFrom({ ...sketch, method: "CANCEL", body: "" });
}
