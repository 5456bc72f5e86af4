import { parseMinSe, parseSessionExpires, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { SessionTimerSettings } from "../topology/topology.ts";
import type { TimerWish } from "./exchange.ts";
import type { SessionTimer } from "./party.ts";
import { optionTags } from "./headers/values.ts";

/** Smallest session interval there is (RFC 4028 §5), in seconds. */
const SMALLEST_S = 90;
/** Longest interval we believe: a day. */
const LONGEST_S = 86_400;

/** Times a request is sent again for a longer session interval, in a row (RFC 4028 §7.3): a peer that asks for more every time is refused in the end. */
export const MAX_INTERVAL_RETRIES = 2;

/** What a request says about the session timer. */
export function timerWish(message: SipMessage): TimerWish {
  const expires = parseSessionExpires(message.get("Session-Expires") ?? "");
  return {
    supported: optionTags(message, "Supported").includes("timer") || optionTags(message, "Require").includes("timer"),
    expiresS: Math.min(expires?.seconds ?? 0, LONGEST_S),
    refresher: expires?.refresher ?? null,
    minSeS: Math.min(parseMinSe(message.get("Min-SE") ?? "") ?? 0, LONGEST_S),
  };
}

/**
 * RFC 4028 §9: an interval below our Min-SE is refused with 422, but only to a sender that can react to it. Gives the Min-SE to answer with;
 * null when the wish is fine.
 */
export function tooSmall(wish: TimerWish, settings: SessionTimerSettings): number | null {
  const smallest = Math.max(SMALLEST_S, settings.minSeS);
  return wish.supported && wish.expiresS > 0 && wish.expiresS < smallest ? smallest : null;
}

/** What we put into a request that makes or refreshes a session, and into its answer. */
export interface TimerTerms {
  readonly timer: SessionTimer | null;
  readonly headers: readonly HeaderLine[];
}

/** Session timer headers of an INVITE of ours that makes a dialog (RFC 4028 §7.1). `atLeastS` is the Min-SE of a 422 answer, else 0. */
export function timerOffer(settings: SessionTimerSettings, atLeastS: number): readonly HeaderLine[] {
  if (!settings.offer && atLeastS === 0) return [];
  const expiresS = Math.max(settings.expiresS, SMALLEST_S, atLeastS);
  const refresher = { us: ";refresher=uac", peer: ";refresher=uas", either: "" }[settings.refresher];
  const minSeS = Math.max(settings.minSeS, atLeastS);
  const minSe: readonly HeaderLine[] = minSeS > SMALLEST_S ? [["Min-SE", String(minSeS)]] : [];
  return [["Session-Expires", `${expiresS}${refresher}`], ...minSe];
}

/** Our answer as UAS (RFC 4028 §9, table 2). `current` is the timer the dialog runs already: roles stay unless the peer changes them. */
export function acceptTimer(
  wish: TimerWish,
  settings: SessionTimerSettings,
  current: SessionTimer | null,
  nowMs: number,
): TimerTerms {
  if (wish.expiresS === 0 && !settings.offer && current === null) return { timer: null, headers: [] };
  const intervalS = grantedInterval(wish, settings, current);
  const refresher = chosenRefresher(wish, settings, current);
  const value = `${intervalS};refresher=${refresher}`;
  // A refreshing peer must know the extension: Require says that it is on (RFC 4028 §9).
  const require: readonly HeaderLine[] = refresher === "uac" ? [["Require", "timer"]] : [];
  return {
    timer: runningTimer(intervalS, refresher === "uas" ? "us" : "peer", nowMs),
    headers: [["Session-Expires", value], ...require],
  };
}

function grantedInterval(wish: TimerWish, settings: SessionTimerSettings, current: SessionTimer | null): number {
  const smallest = Math.max(SMALLEST_S, wish.minSeS, settings.minSeS);
  if (wish.expiresS === 0) return Math.max(smallest, current?.intervalS ?? settings.expiresS);
  const shorter = settings.offer && settings.expiresS >= smallest ? settings.expiresS : wish.expiresS;
  return Math.max(SMALLEST_S, Math.min(wish.expiresS, shorter));
}

function chosenRefresher(wish: TimerWish, settings: SessionTimerSettings, current: SessionTimer | null): "uac" | "uas" {
  if (!wish.supported) return "uas";
  if (wish.refresher !== null && wish.expiresS > 0) return wish.refresher;
  if (current !== null) return current.refresher === "us" ? "uas" : "uac";
  return settings.refresher === "us" ? "uas" : "uac";
}

/** What the 2xx to a request of ours makes of the timer (RFC 4028 §7.2). */
export function timerFromAnswer(
  answer: SipMessage,
  settings: SessionTimerSettings,
  current: SessionTimer | null,
  nowMs: number,
): SessionTimer | null {
  const { expiresS, refresher } = timerWish(answer);
  if (expiresS > 0) {
    return runningTimer(Math.max(expiresS, SMALLEST_S), refresher === "uas" ? "peer" : "us", nowMs);
  }
  // The peer does not do session timers. We may still refresh, which tells a dead peer from a silent one.
  if (current !== null) return runningTimer(current.intervalS, "us", nowMs);
  return settings.offer ? runningTimer(Math.max(settings.expiresS, SMALLEST_S), "us", nowMs) : null;
}

/** Session timer headers of a re-INVITE or UPDATE of ours: the roles as they are, seen from this request (RFC 4028 §7.4). */
export function timerRefresh(timer: SessionTimer | null): readonly HeaderLine[] {
  if (timer === null) return [];
  return [["Session-Expires", `${timer.intervalS};refresher=${timer.refresher === "us" ? "uac" : "uas"}`]];
}

/** How long before the session lapses it is given up: min(32 s, a third of the interval) (RFC 4028 §10). */
export function earlyMs(intervalS: number): number {
  return Math.min(32_000, Math.floor((intervalS * 1000) / 3));
}

/** A timer that starts now. We refresh at half; a silent peer is given up shortly before the end (RFC 4028 §10). */
export function runningTimer(intervalS: number, refresher: "us" | "peer", nowMs: number): SessionTimer {
  const expiresAtMs = nowMs + intervalS * 1000;
  const actAtMs = refresher === "us" ? nowMs + intervalS * 500 : expiresAtMs - earlyMs(intervalS);
  return { intervalS, refresher, expiresAtMs, actAtMs };
}
