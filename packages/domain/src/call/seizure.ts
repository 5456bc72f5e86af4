import { placeAttempt } from "./attempt.ts";
import type { CallEvent } from "./event.ts";
import type { Hunt, Trying } from "./hunt.ts";
import { startTimer, stopTimer, type Turn } from "./turn.ts";

/** Longest that an emergency attempt waits for a place on its trunk; then it goes without. */
const PLACE_WAIT_MS = 250;
/** Time the gateway has to free the channel of the call that made room: our BYE is out before this begins. */
const ROOM_MS = 150;

/**
 * Takes a place on the attempt's trunk for an emergency call, which is never refused one: where all are taken, the shell ends the trunk's oldest
 * ordinary call, if the topology lets it. Whatever becomes of the question, the attempt goes on when the wait is over.
 */
export function seizePlace(turn: Turn, hunt: Hunt, trying: Trying): void {
  const { seizes, profile } = trying.plan;
  if (seizes === undefined) {
    placeAttempt(turn, hunt, trying);
    return;
  }
  turn.effects.push({ kind: "seize", trunk: profile.trunk, ...seizes });
  startTimer(turn, placeTimer(trying), PLACE_WAIT_MS);
}

/** The place is taken, or nobody could be asked. */
export function onSeized(turn: Turn, { trunk, result }: Extract<CallEvent, { kind: "seized" }>): void {
  const { call } = turn;
  const { hunt } = call;
  const trying = hunt?.current ?? null;
  const ours = trying?.plan.profile.trunk === trunk || call.phase === "up";
  if (result !== "unavailable" && !call.reserved.includes(trunk)) {
    if (ours) call.reserved.push(trunk);
    else turn.effects.push({ kind: "release", trunk });
  }
  if (hunt === null || trying === null || trying.state !== "gate" || trying.plan.profile.trunk !== trunk) return;
  stopTimer(turn, placeTimer(trying));
  if (result === "room-made") startTimer(turn, placeTimer(trying), ROOM_MS);
  else placeAttempt(turn, hunt, trying);
}

/** The wait for a place is over. */
export function onPlaceTimer(turn: Turn, attempt: string): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  if (hunt === null || trying === null || trying.state !== "gate" || String(trying.attempt) !== attempt) return;
  placeAttempt(turn, hunt, trying);
}

function placeTimer({ attempt }: Trying): string {
  return `place:${attempt}`;
}
