import { err, ok, type Result } from "../lang/result.ts";
import { anyCharacter } from "./character-set.ts";
import { literalPrefixes } from "./literal-prefix.ts";
import { accepts, captures } from "./pattern-machine.ts";
import { compileProgram, instructionsOf, maxInstructions, type PatternProgram } from "./pattern-program.ts";
import { type Alternative, parsePattern, type PatternNode, type PatternProblem } from "./pattern-syntax.ts";

/**
 * A compiled pattern. Patterns come from administrators and inputs from strangers, so matching takes time linear in the input for every pattern.
 *
 * A pattern without anchors matches the whole number. One anchor leaves the other end open: `^\+44` matches what begins with +44.
 */
export interface Pattern {
  readonly text: string;
  readonly groups: number;
  /** Every input that matches begins with one of these. */
  readonly prefixes: readonly string[];
  readonly program: PatternProgram;
}

/** Longest number a pattern matches, in characters. */
export const maxNumberLength = 64;

const rest: PatternNode = {
  kind: "repeat",
  item: { kind: "set", set: anyCharacter },
  times: { min: 0, max: Infinity, lazy: true },
};

/** Compiles a pattern of the language in pattern-syntax.ts, or says what is wrong with it. */
export function compilePattern(text: string): Result<Pattern, PatternProblem> {
  const parsed = parsePattern(text);
  if (!parsed.ok) return parsed;
  const { alternatives, groups } = parsed.value;
  const node: PatternNode = { kind: "choice", options: alternatives.map(withOpenEnds) };
  if (instructionsOf(node) >= maxInstructions) {
    return err({ problem: "is too large once its counts are written out", fix: "use smaller counts or split it" });
  }
  return ok({ text, groups, prefixes: literalPrefixes(node), program: compileProgram(node, groups) });
}

/** As `compilePattern`, for patterns that must say what the whole number is: one anchor alone is refused. */
export function compileWholePattern(text: string): Result<Pattern, PatternProblem> {
  const parsed = parsePattern(text);
  if (!parsed.ok) return parsed;
  const half = parsed.value.alternatives.find((part) => part.startAnchor !== part.endAnchor);
  if (half !== undefined) {
    const fix = half.startAnchor
      ? 'end it with "$", or with "(.*)$" for any continuation'
      : 'begin it with "^" or "^(.*)"';
    return err({ problem: "has one anchor only, and a rule rewrites the whole number", fix });
  }
  return compilePattern(text);
}

/** True when the number matches. Numbers longer than `maxNumberLength` never do. */
export function patternMatches(pattern: Pattern, number: string): boolean {
  return number.length <= maxNumberLength && accepts(pattern.program, number);
}

/** The groups' texts (index 0 is `$1`), or null when the number does not match. Groups that took no part are empty. */
export function patternGroups(pattern: Pattern, number: string): readonly string[] | null {
  return patternMatches(pattern, number) ? captures(pattern.program, number) : null;
}

function withOpenEnds({ startAnchor, endAnchor, body }: Alternative): PatternNode {
  if (startAnchor === endAnchor) return body;
  return { kind: "sequence", items: startAnchor ? [body, rest] : [rest, body] };
}
