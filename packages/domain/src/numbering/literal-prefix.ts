import type { PatternNode } from "./pattern-syntax.ts";

/** Most prefixes kept for one pattern; beyond, they are cut shorter. */
const maxPrefixes = 64;
const maxPrefixLength = 16;

interface Beginnings {
  readonly texts: readonly string[];
  /** True when the texts are all there is to match: what follows in a sequence may be appended. */
  readonly whole: boolean;
}

const nothing: Beginnings = { texts: [""], whole: true };
const anything: Beginnings = { texts: [""], whole: false };

/**
 * Literal beginnings of a pattern: every input it matches begins with one of them. `\+1(212|646)\d{7}` gives `+1212` and `+1646`;
 * a pattern that may begin with anything gives the empty text.
 */
export function literalPrefixes(node: PatternNode): readonly string[] {
  return [...new Set(beginnings(node).texts)];
}

function beginnings(node: PatternNode): Beginnings {
  switch (node.kind) {
    case "set":
      return node.set.members.length === 0 ? anything : { texts: node.set.members, whole: true };
    case "group":
      return beginnings(node.item);
    case "sequence":
      return node.items.reduce((before, item) => append(before, item), nothing);
    case "choice":
      return together(node.options.map(beginnings));
    case "repeat": {
      const { min, max } = node.times;
      let result = nothing;
      for (let count = 0; count < min; count += 1) result = append(result, node.item);
      return min === max ? result : { ...result, whole: false };
    }
  }
}

function append(before: Beginnings, item: PatternNode): Beginnings {
  if (!before.whole) return before;
  const after = beginnings(item);
  const texts = before.texts.flatMap((head) => after.texts.map((tail) => head + tail));
  const fits = texts.length <= maxPrefixes && texts.every((text) => text.length <= maxPrefixLength);
  return fits ? { texts, whole: after.whole } : { ...before, whole: false };
}

function together(parts: readonly Beginnings[]): Beginnings {
  const texts = parts.flatMap((part) => part.texts);
  return texts.length > maxPrefixes ? anything : { texts, whole: parts.every((part) => part.whole) };
}
