import type { Call, CallEvent } from "@tandem/domain";
import type { SipPort } from "../ports/index.ts";
import type { PendingWork } from "./pending-work.ts";

/** Events that may end an attempt of which nothing was heard. */
type Silence = Extract<CallEvent, { kind: "timer" | "no-response" }>;

interface Ways {
  readonly work: PendingWork;
  readonly sip: SipPort;
}

/** The event with the edge that sent the INVITE of an emergency call's attempt under way, where its pool has another one by which to try again. */
export function withOtherEdge(event: Silence, call: Call | null, { work, sip }: Ways): CallEvent {
  const hunt = call?.hunt ?? null;
  const trying = hunt?.current ?? null;
  if (hunt === null || hunt.preparation === null || trying === null || trying.exchange === null) return event;
  const isTimer = event.kind === "timer";
  if (!isTimer && event.exchange !== trying.exchange) return event;
  const edge = isTimer ? work.edges.get(trying.exchange) : event.edge;
  if (edge === undefined || !sip.hasOtherEdge(trying.plan.profile.pool, edge)) return event;
  return isTimer ? { ...event, edge } : { ...event, otherEdge: true };
}
