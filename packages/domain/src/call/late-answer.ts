import type { SipMessage } from "@tandem/sip";
import { abandon } from "./attempt-end.ts";
import { onAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import type { AttemptFacts } from "./facts.ts";
import type { Trying } from "./hunt.ts";
import { reasonsOf } from "./headers/reason.ts";
import type { Party } from "./party.ts";
import { partyOf, type Turn } from "./turn.ts";

/**
 * A call taker answered an attempt of an emergency call that was given up, before our CANCEL came: the answer is taken and the attempt under way is
 * given up instead. Hanging up on somebody who can help, to ring at somebody else, helps nobody. False: the answer is not wanted.
 */
export function takeLateAnswer(turn: Turn, exchange: Exchange, response: SipMessage): boolean {
  const { call } = turn;
  const { hunt } = call;
  const current = hunt?.current ?? null;
  const party = partyOf(call, exchange.party);
  // A hunt without a preparation is a transfer that a call taker asked for.
  if (hunt === null || hunt.preparation === null || current === null || party === null) return false;
  if (hunt.goal === "setup" && call.caller === null) return false;
  const { trunk } = party.profile;
  const attempt = call.attempts.findLastIndex((one) => one.trunk === trunk && one.startMs <= exchange.sentMs);
  const facts = call.attempts[attempt];
  if (facts === undefined || !isOfHunt(call, party, facts)) return false;
  const failure = "answered-elsewhere";
  abandon(turn, current, { failure, sipCode: 0, q850: null, headers: reasonsOf(failure) });
  facts.endMs = 0;
  const timers = { connectTimeoutMs: 0, progressTimeoutMs: 0, ringTimeoutMs: 0 };
  const taken: Trying = {
    plan: { ...current.plan, ...timers, profile: party.profile },
    attempt,
    state: "progress",
    party: party.id,
    exchange: exchange.id,
    sentMs: exchange.sentMs,
    retries: 0,
    minSeS: 0,
    moves: 0,
  };
  hunt.current = taken;
  onAnswer(turn, hunt, taken, response);
  return true;
}

/** A transfer wants answers to its own attempts only: whoever was called before it, in the name of another side, is no call taker. */
function isOfHunt({ hunt, transfer }: Call, { leg }: Party, { startMs }: AttemptFacts): boolean {
  if (hunt?.goal !== "transfer") return true;
  return transfer !== null && leg === hunt.leg && startMs >= transfer.atMs;
}
