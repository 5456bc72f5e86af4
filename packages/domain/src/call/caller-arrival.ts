import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import { awaitsCaller, firstAnswer } from "./awaits-caller.ts";
import type { Call } from "./call.ts";
import type { TransactionId } from "./event.ts";
import { withoutTag } from "./headers/values.ts";
import { partyOf } from "./turn.ts";

/** Where an INVITE came to and from, over UDP: any edge with that listener can answer it, for the answer goes by its Via (RFC 3261 §18.2.2). */
export interface ArrivalPlace {
  readonly listener: string;
  readonly address: string;
  readonly port: number;
}

/** What another edge of the pool would need of the caller's INVITE, besides what the record has of it anyway. */
export interface CallerArrival extends ArrivalPlace {
  readonly uri: string;
  readonly via: readonly string[];
}

/** An INVITE whose caller waits for an answer. */
export interface AwaitedInvite extends ArrivalPlace {
  readonly pool: string;
  /** By which it is answered, as far as the record knows. */
  readonly transaction: TransactionId;
  /** What it is known by (RFC 3261 §17.2.3) and its responses are made of (§8.2.6.2), and nothing else of it. */
  readonly message: SipMessage;
}

/** What is kept of an INVITE for as long as its caller waits. Null for one that came over a connection: with its edge the connection ends, and the caller sees that. */
export function arrivalOf(place: ArrivalPlace | undefined, request: SipMessage): CallerArrival | null {
  return place === undefined ? null : { ...place, uri: request.uri, via: request.getAll("Via") };
}

/** The INVITE whose caller waits for an answer that any edge of its pool could give; null: nobody waits so. */
export function awaitedInvite(call: Call): AwaitedInvite | null {
  const { arrival, caller, facts } = call;
  const waiting = caller ?? firstAnswer(call)?.request;
  if (arrival === null || waiting === undefined || !awaitsCaller(call)) return null;
  const { uri, via, ...place } = arrival;
  const headers: readonly HeaderLine[] = [
    ...via.map((each): HeaderLine => ["Via", each]),
    ["Max-Forwards", "70"],
    ["From", waiting.from],
    ["To", withoutTag(waiting.to)],
    ["Call-ID", partyOf(call, "a")?.sipCallId ?? ""],
    ["CSeq", `${waiting.cseq} INVITE`],
  ];
  const message = buildRequest({ method: "INVITE", uri, headers });
  return { ...place, pool: facts.pool, transaction: waiting.transaction, message };
}
