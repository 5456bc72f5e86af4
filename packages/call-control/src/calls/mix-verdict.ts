import type { RelayedState } from "../ports/index.ts";

/** The two who talk, and those who speak to them in each other's stead: a mixer. */
export interface MixedPair {
  readonly two: readonly [string, string];
  readonly speakers: readonly [string, string];
}

/** One look at a call with a two-way desk. */
export interface MixLook {
  readonly now: RelayedState;
  /** What the relay said at the look before; null: this is the first. */
  readonly before: RelayedState | null;
  /** Of whom the mixer got something lately; null: it does not answer, or does not know the call. */
  readonly heard: readonly string[] | null;
  /** The desk is in the call. */
  readonly wanted: boolean;
  /** Nothing is being negotiated, and the two talk as a mixer can. */
  readonly settled: boolean;
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
  if (mixed.includes(true) && (mixed.includes(false) || !look.wanted)) return "restore";
  if (!look.wanted || look.before === null) return "keep";
  if (isSilent(pair, look, mixed.includes(true))) {
    const silent = look.silent + 1;
    if (silent >= SILENT_FOR_GOOD) return "lost";
    return silent >= SILENT_ENOUGH && mixed.includes(true) ? "restore" : "silent";
  }
  if (mixed.includes(true)) return "keep";
  const proved =
    pair.speakers.every((name) => hasSpoken(look, name)) && pair.two.every((name) => look.heard?.includes(name));
  return proved && look.settled ? "mix" : "keep";
}

/** Packets tell, whether or not the mixer answers; in a mixed call it is silence, too, when somebody's packets reach the relay and not the mixer. */
function isSilent({ two, speakers }: MixedPair, look: MixLook, mixed: boolean): boolean {
  const unheard = two.some((name) => look.heard?.includes(name) === false && hasSpoken(look, name));
  return (mixed && unheard) || !speakers.every((name) => hasSpoken(look, name));
}

function hears(state: RelayedState, name: string, speaker: string): boolean {
  return state.get(name)?.hears.includes(speaker) === true;
}

function hasSpoken({ now, before }: MixLook, name: string): boolean {
  return (now.get(name)?.packets ?? 0) > (before?.get(name)?.packets ?? 0);
}
