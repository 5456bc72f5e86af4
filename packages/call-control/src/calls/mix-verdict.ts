import type { RelayedState } from "../ports/index.ts";

/** The two who talk, and those who speak to them in each other's stead: a mixer. */
export interface MixedPair {
  readonly two: readonly [string, string];
  readonly speakers: readonly [string, string];
}

/** `now`: nothing is negotiated, and the two talk as a mixer can. `later`: something is, or one of them holds. `never`: they talk as no mixer can. */
export type MixFit = "now" | "later" | "never";

/** One look at a call with a two-way desk. */
export interface MixLook {
  readonly now: RelayedState;
  /** What the relay said at the look before; null: this is the first. */
  readonly before: RelayedState | null;
  /** Of whom the mixer got something lately; null: it does not answer, or does not know the call. */
  readonly heard: readonly string[] | null;
  /** The desk is in the call. */
  readonly wanted: boolean;
  /** Whether the two can be led by a mixer. */
  readonly fit: MixFit;
  /** Looks in a row at which nothing came of the mixer. */
  readonly silent: number;
}

/**
 * `keep`: leave all as it is. `mix`: the mixer has proved that it gets both and that the relay gets what it says, so it may take over. `restore`: the two hear each other directly again, at once.
 * `silent`: nothing came of the mixer, which one look alone does not prove. `lost`: as `restore`, and the mixer is given up.
 */
export type MixVerdict = "keep" | "mix" | "restore" | "silent" | "lost";

/** So many silent looks in a row, and the two are led directly again; so many more, and the mixer is given up. */
const SILENT_ENOUGH = 2;
const SILENT_FOR_GOOD = 8;

/** What is to become of the way between the two. The direct way is left only for one that is proved, and is taken again on every doubt. */
export function mixVerdict(pair: MixedPair, look: MixLook): MixVerdict {
  const mixed = pair.two.map((name, at) => hears(look.now, name, pair.speakers[at] ?? ""));
  const led = mixed.includes(true);
  if (led && (mixed.includes(false) || !look.wanted || isDoubled(pair, look))) return "restore";
  if (!look.wanted || look.before === null) return "keep";
  if (look.fit === "never" || isSilent(pair, look, led)) return silentVerdict(look, led);
  return !led && look.fit === "now" && isProved(pair, look) ? "mix" : "keep";
}

function silentVerdict({ silent, fit }: MixLook, led: boolean): MixVerdict {
  // A mixer that nobody could make ready yet is silent for no fault of its own.
  if (!led && fit === "later") return "keep";
  if (silent + 1 >= SILENT_FOR_GOOD) return "lost";
  return led && silent + 1 >= SILENT_ENOUGH ? "restore" : "silent";
}

function isProved({ two, speakers }: MixedPair, look: MixLook): boolean {
  return speakers.every((name) => hasSpoken(look, name)) && two.every((name) => look.heard?.includes(name));
}

/** Somebody hears the other beside the mixer, in one stream: an answer came to the relay after the mixer took over. While something is negotiated the relay is left alone. */
function isDoubled({ two: [one, other] }: MixedPair, { now, fit }: MixLook): boolean {
  return fit !== "later" && (hears(now, one, other) || hears(now, other, one));
}

/** A mixer that does not answer is silent, whatever it sends; and in a mixed call one that somebody's packets do not reach, though they reach the relay. */
function isSilent({ two, speakers }: MixedPair, look: MixLook, mixed: boolean): boolean {
  if (look.heard === null) return true;
  const unheard = two.some((name) => look.heard?.includes(name) === false && hasSpoken(look, name));
  return (mixed && unheard) || !speakers.every((name) => hasSpoken(look, name));
}

function hears(state: RelayedState, name: string, speaker: string): boolean {
  return state.get(name)?.hears.includes(speaker) === true;
}

function hasSpoken({ now, before }: MixLook, name: string): boolean {
  return (now.get(name)?.packets ?? 0) > (before?.get(name)?.packets ?? 0);
}
