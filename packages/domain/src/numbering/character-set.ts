/**
 * A set of latin1 characters: `has[code]` is 1 for members. Sets are shared by identity: equal sets are the same object, so that
 * a hundred thousand patterns hold a few dozen of them.
 */
export interface CharacterSet {
  readonly has: Uint8Array;
  /** The members in code order when there are at most `listedMembers`, else empty: for literal prefixes. */
  readonly members: readonly string[];
}

const listedMembers = 9;
const known = new Map<string, CharacterSet>();

function intern(has: Uint8Array): CharacterSet {
  const key = has.join("");
  const found = known.get(key);
  if (found !== undefined) return found;
  const codes = [...has.keys()].filter((code) => has[code] === 1);
  const set = { has, members: codes.length > listedMembers ? [] : codes.map((code) => String.fromCharCode(code)) };
  known.set(key, set);
  return set;
}

const single: (CharacterSet | undefined)[] = [];

/** The set of one character; null outside latin1 (no SIP text holds such a character). */
export function oneCharacter(character: string): CharacterSet | null {
  const code = character.charCodeAt(0);
  if (code > 255) return null;
  let set = single[code];
  if (set === undefined) {
    set = ranges([[code, code]]);
    single[code] = set;
  }
  return set;
}

/** The union of inclusive code ranges. */
export function ranges(pairs: readonly (readonly [from: number, to: number])[]): CharacterSet {
  const has = new Uint8Array(256);
  for (const [from, to] of pairs) has.fill(1, from, to + 1);
  return intern(has);
}

/** Everything but the members of `set`. */
export function complement(set: CharacterSet): CharacterSet {
  return intern(set.has.map((bit) => 1 - bit));
}

/** The union of sets. */
export function union(sets: readonly CharacterSet[]): CharacterSet {
  const has = new Uint8Array(256);
  for (const set of sets) for (let code = 0; code < 256; code += 1) has[code] = (has[code] ?? 0) | (set.has[code] ?? 0);
  return intern(has);
}

export const anyCharacter = ranges([[0, 255]]);
export const digits = ranges([[0x30, 0x39]]);
/** Letters, digits and underscore, as `\w`. */
export const wordCharacters = ranges([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
