import type { Call, CallEvent, ExchangeId } from "@tandem/domain";
import type { SipPort } from "../ports/index.ts";
import { withOtherEdge } from "./other-edge.ts";
import type { PendingWork } from "./pending-work.ts";

/** What this process knows of a call as an event of it comes. */
interface KnownHere {
  readonly call: Call | null;
  readonly work: PendingWork;
  readonly sip: SipPort;
}

/** The event with what this process knows besides. An INVITE for a call that is already here is the same INVITE by another way. `cameMs`: when it came, epoch ms. */
export function asKnown(event: CallEvent, cameMs: number, { call, work, sip }: KnownHere): CallEvent {
  if (event.kind === "request") return { ...event, alive: alive(work), cameMs: event.cameMs ?? cameMs };
  if (event.kind === "cancelled" || event.kind === "orphan-answer") return { ...event, cameMs: event.cameMs ?? cameMs };
  if (event.kind === "deadline") return { ...event, alive: alive(work) };
  if (event.kind === "timer" || event.kind === "no-response") return withOtherEdge(event, call, { work, sip });
  const isAgain = event.kind === "redelivered" || (event.kind === "invite" && call !== null);
  return isAgain ? again(event, work) : event;
}

/** An INVITE that was here before, as an event. What this process itself still waits for need not be sent again. */
export function again(event: Extract<CallEvent, { kind: "invite" | "redelivered" }>, work: PendingWork): CallEvent {
  const { transaction, request, arrival } = event;
  const place = arrival === undefined ? {} : { arrival };
  const way = event.kind === "redelivered" && event.way !== undefined ? { way: event.way } : {};
  const sending = work.sending === null ? {} : { sending: work.sending.moves };
  return { kind: "redelivered", transaction, request, alive: alive(work), ...place, ...sending, ...way };
}

function alive(work: PendingWork): readonly ExchangeId[] {
  return [...work.exchanges.keys()];
}
