import { err, ok, type Result } from "../lang/result.ts";
import {
  anyCharacter,
  type CharacterSet,
  complement,
  digits,
  oneCharacter,
  ranges,
  union,
  wordCharacters,
} from "./character-set.ts";

/** The parsed form of a pattern. Groups count from 1 in the order of their opening parenthesis. */
export type PatternNode =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly options: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly item: PatternNode; readonly times: Repetition }
  | { readonly kind: "group"; readonly index: number; readonly item: PatternNode };

export interface Repetition {
  readonly min: number;
  /** Infinity for `*`, `+` and `{n,}`. */
  readonly max: number;
  readonly lazy: boolean;
}

/** One alternative at the top of a pattern, with the anchors it was written with. */
export interface Alternative {
  readonly startAnchor: boolean;
  readonly endAnchor: boolean;
  readonly body: PatternNode;
}

export interface ParsedPattern {
  readonly alternatives: readonly Alternative[];
  readonly groups: number;
}

/** Why a pattern is refused, for administrators: what is wrong and what to write. */
export interface PatternProblem {
  readonly problem: string;
  readonly fix: string;
}

/** Longest pattern text. */
const maxPatternLength = 256;
const maxCount = 64;
const maxDepth = 16;

class Refusal extends Error {
  readonly fix: string;
  constructor(problem: string, fix: string) {
    super(problem);
    this.fix = fix;
  }
}

/**
 * Reads the pattern language: literals, `.`, `\d` `\D` `\w` `\W`, `\` before punctuation, `[…]`, `(…)`, `(?:…)`, `|`,
 * `?` `*` `+` `{n}` `{n,}` `{n,m}` (each also lazy), `^` and `$` at the ends. What needs backtracking (back-references, look-around) is refused.
 */
export function parsePattern(text: string): Result<ParsedPattern, PatternProblem> {
  if (text.length > maxPatternLength) {
    return err({ problem: `is longer than ${maxPatternLength} characters`, fix: "split it into several" });
  }
  try {
    return ok(new PatternReader(text).pattern());
  } catch (error) {
    if (error instanceof Refusal) return err({ problem: error.message, fix: error.fix });
    throw error;
  }
}

class PatternReader {
  readonly #text: string;
  #at = 0;
  #groups = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  pattern(): ParsedPattern {
    if (this.#text === "") throw new Refusal("is empty", 'write ".*" to match every number');
    const alternatives = [this.#alternative()];
    while (this.#take("|")) alternatives.push(this.#alternative());
    if (this.#at < this.#text.length) {
      throw new Refusal(`has an unmatched ")" at character ${this.#at + 1}`, String.raw`remove it or write "\)"`);
    }
    return { alternatives, groups: this.#groups };
  }

  #alternative(): Alternative {
    const startAnchor = this.#take("^");
    const body = this.#sequence();
    const endAnchor = this.#take("$");
    const next = this.#peek();
    if (endAnchor && next !== "" && next !== "|") {
      throw new Refusal(
        `has "$" at character ${this.#at}, which is not its end`,
        String.raw`write "\$" for the character`,
      );
    }
    return { startAnchor, endAnchor, body };
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = [];
    for (let next = this.#peek(); next !== "" && !"|)$".includes(next); next = this.#peek()) {
      items.push(this.#quantified());
    }
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "sequence", items };
  }

  #quantified(): PatternNode {
    const item = this.#atom();
    const times = this.#quantifier();
    if (times === null) return item;
    if (this.#quantifier() !== null) {
      throw new Refusal(`has two quantifiers in a row before character ${this.#at + 1}`, "use one of them");
    }
    return { kind: "repeat", item, times };
  }

  #quantifier(): Repetition | null {
    const span = this.#span();
    if (span === null) return null;
    return { ...span, lazy: this.#take("?") };
  }

  #span(): { readonly min: number; readonly max: number } | null {
    if (this.#take("*")) return { min: 0, max: Infinity };
    if (this.#take("+")) return { min: 1, max: Infinity };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (this.#peek() !== "{") return null;
    const found = /^\{(\d{1,4})(?:(,)(\d{0,4}))?\}/.exec(this.#text.slice(this.#at));
    if (found === null) {
      throw new Refusal(
        `has "{" at character ${this.#at + 1} without a count`,
        String.raw`write "{4}", "{2,4}" or "\{"`,
      );
    }
    this.#at += found[0].length;
    const min = Number(found[1]);
    const open = found[2] !== undefined && found[3] === "";
    const max = open ? Infinity : Number(found[3] ?? found[1]);
    if (min > max || min > maxCount || (max > maxCount && !open)) {
      throw new Refusal(`has the count ${found[0]}`, `count from 0 to ${maxCount}, the lower one first`);
    }
    return { min, max };
  }

  #atom(): PatternNode {
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", set: this.#class() };
      case "\\":
        return { kind: "set", set: this.#escape() };
      case ".":
        return { kind: "set", set: anyCharacter };
      case "^":
        throw new Refusal(
          `has "^" at character ${this.#at}, which is not its start`,
          String.raw`write "\^" for the character`,
        );
      case "*":
      case "+":
      case "?":
      case "{":
        throw new Refusal(
          `has "${character}" at character ${this.#at} with nothing to repeat`,
          `write "\\${character}" for the character itself`,
        );
      default:
        return { kind: "set", set: this.#literal(character) };
    }
  }

  #group(): PatternNode {
    let index = 0;
    if (this.#take("?")) {
      if (!this.#take(":")) {
        throw new Refusal(
          `has look-around or a named group at character ${this.#at}`,
          'only "(…)" and "(?:…)" are allowed',
        );
      }
    } else {
      this.#groups += 1;
      index = this.#groups;
    }
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new Refusal(`nests more than ${maxDepth} groups`, "flatten it");
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    if (this.#peek() === "$") {
      throw new Refusal(`has "$" at character ${this.#at + 1} inside a group`, "put it at the end of the pattern");
    }
    if (!this.#take(")")) throw new Refusal('has "(" without ")"', 'close the group or write "\\("');
    this.#depth -= 1;
    const [only] = options;
    const item: PatternNode = options.length === 1 && only !== undefined ? only : { kind: "choice", options };
    return index === 0 ? item : { kind: "group", index, item };
  }

  #class(): CharacterSet {
    const negated = this.#take("^");
    const parts: CharacterSet[] = [];
    while (!this.#take("]")) {
      if (this.#peek() === "") throw new Refusal('has "[" without "]"', String.raw`close the class or write "\["`);
      parts.push(this.#classPart());
    }
    if (parts.length === 0) throw new Refusal("has an empty class", "name at least one character in [ ]");
    const set = union(parts);
    return negated ? complement(set) : set;
  }

  #classPart(): CharacterSet {
    const first = this.#next();
    const from = first === "\\" ? this.#escape() : this.#literal(first);
    if (this.#peek() !== "-" || this.#text[this.#at + 1] === "]") return from;
    this.#at += 1;
    const second = this.#next();
    const to = second === "\\" ? this.#escape() : this.#literal(second);
    const [low, ...lowMore] = from.members;
    const [high, ...highMore] = to.members;
    const single = lowMore.length + highMore.length === 0;
    if (low === undefined || high === undefined || !single || low > high) {
      throw new Refusal(
        `has a wrong range before character ${this.#at + 1}`,
        "write the lower character first, as in [2-9]",
      );
    }
    return ranges([[low.charCodeAt(0), high.charCodeAt(0)]]);
  }

  #escape(): CharacterSet {
    const character = this.#next();
    switch (character) {
      case "d":
        return digits;
      case "D":
        return complement(digits);
      case "w":
        return wordCharacters;
      case "W":
        return complement(wordCharacters);
      case "":
        throw new Refusal('ends in "\\"', String.raw`write "\\" for the character`);
      default:
        if (/[0-9A-Za-z]/.test(character)) {
          const what = /[1-9]/.test(character) ? "back-references need backtracking" : "the escape is unknown";
          throw new Refusal(
            `has "\\${character}": ${what}`,
            String.raw`only \d \D \w \W and \ before punctuation are allowed`,
          );
        }
        return this.#literal(character);
    }
  }

  #literal(character: string): CharacterSet {
    const set = oneCharacter(character);
    if (set === null)
      throw new Refusal(`has "${character}", which no SIP number can hold`, "use digits, +, *, # or letters");
    return set;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const character = this.#peek();
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }
}
