import { relayDeadline } from "./deadlines.ts";
import { noteDesk } from "./desk-step.ts";
import { resync } from "./session-refresh.ts";
import { standingPlaces, type Turn } from "./turn.ts";

/** A security desk that is to hear an emergency call, by a leg that is a call of its own (`deskCallId`). */
export interface DeskLink {
  /** Control address of the media relay that the call's audio passes. */
  readonly relay: string;
  /** Whom the desk's leg calls, and over which trunk. */
  readonly uri: string;
  readonly trunk: string;
  /** The desk is to be heard, too, and a mixer is not found yet, or was. Absent, as in records of an earlier version: it only hears. */
  twoWay?: boolean;
  /** Control address of the mixer by which the desk is in the call. Absent: none. */
  mixer?: string;
  /** The desk was called. */
  called: boolean;
  /** The relay failed: what is described from then on passes it no more, and nobody hears along. */
  lost: boolean;
  /** When somebody must look whether the relay still has the call. */
  checkAtMs: number;
}

/**
 * How often the relay of an answered emergency call is asked whether it still has it: with the questions after one that stays without an answer, the longest that
 * a dead relay keeps two people from hearing each other.
 */
const CHECK_EVERY_MS = 5_000;

/** The leg to the desk has an id that any worker can tell. */
export function deskCallId(callId: string): string {
  return `${callId}desk`;
}

/** The caller's ACK came: both hear each other, so the desk may. Where the relay failed meanwhile, both sides are told of each other now. */
export function callDesk(turn: Turn): void {
  const { desk, phase } = turn.call;
  if (desk === null || desk.called || phase !== "up") return;
  desk.called = true;
  desk.checkAtMs = turn.now + CHECK_EVERY_MS;
  if (desk.lost) bypass(turn);
  else turn.effects.push({ kind: desk.twoWay === true ? "find-mixer" : "call-desk" });
}

/** The mixer that takes the call, or none: then the desk only hears. The record says which before the desk is called. */
export function onMixerFound(turn: Turn, mixer: string | null): void {
  const { desk, phase } = turn.call;
  if (desk === null || desk.twoWay !== true || desk.mixer !== undefined || phase !== "up") return;
  if (mixer === null) {
    desk.twoWay = false;
    noteDesk(turn, "no-mixer");
  } else desk.mixer = mixer;
  if (!desk.lost) turn.effects.push({ kind: "save" }, { kind: "call-desk" });
}

/** Has the relay asked when it is time. */
export function lookAfterRelay(turn: Turn): void {
  const { desk } = turn.call;
  if (desk === null || turn.now < relayDeadline(turn.call)) return;
  desk.checkAtMs = turn.now + CHECK_EVERY_MS;
  turn.effects.push({ kind: "check-relay" });
}

/**
 * The relay has the call no more: the two who talk get each other's descriptions as they are. During the set-up that waits for the ACK; and nothing is to be put
 * right where the INVITE went out without the relay.
 */
export function onRelayLost(turn: Turn, inUse: boolean): void {
  const { desk } = turn.call;
  if (desk === null || desk.lost) return;
  noteDesk(turn, "relay-lost");
  if (!inUse) {
    turn.call.desk = null;
    return;
  }
  desk.lost = true;
  if (desk.called) bypass(turn);
}

function bypass(turn: Turn): void {
  if (turn.call.phase !== "up") return;
  // The called side first: the caller's own INVITE is acknowledged by then, and one at a time goes (RFC 3261 §14.1).
  const places = standingPlaces(turn.call).filter(({ dialog }) => dialog.peer !== null);
  for (const place of places.toSorted((one, other) => other.party.leg.localeCompare(one.party.leg)))
    resync(turn, place);
}
