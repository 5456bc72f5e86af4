/** A small deterministic generator (mulberry32): the same seed gives the same run everywhere. */
export class Randomness {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 ≤ result < limit. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Texts that mean something to a SIP parser. */
const LIVE_TEXTS = [
  ...'\r\n\t ;,:="<>\\%@?&/[]()*-.+0a\0\x7f\xff\xa0'.split(""),
  "\r\n",
  "\r\n ",
  "\r\n\r\n",
  "\n\n",
  " : ",
  ";;",
  ",,",
  '"\\',
  "<>",
  "%00",
  "%zz",
  "SIP/2.0",
  "sip:",
  "sips:[::1]",
  "[2001:db8::",
  "4294967296",
  "-1",
  "18446744073709551616",
  "tag=",
  ";lr",
  "Content-Length: 5\r\n",
  "l:0\r\n",
  "--outer",
  "\r\n--outer--\r\n",
  "m=audio 0 RTP/AVP 0\r\n",
];

type Mutation = (text: string, random: Randomness, corpus: readonly string[]) => string;

function cut(text: string, random: Randomness, longest: number): readonly [string, string, string] {
  const start = random.below(text.length + 1);
  const end = Math.min(text.length, start + random.below(longest));
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

const MUTATIONS: readonly Mutation[] = [
  (text, random) => {
    const [before, , after] = cut(text, random, 1);
    return before + String.fromCharCode(random.below(256)) + after.slice(1);
  },
  (text, random) => {
    const [before, , after] = cut(text, random, 1);
    return before + random.pick(LIVE_TEXTS) + after;
  },
  (text, random) => {
    const [before, , after] = cut(text, random, 40);
    return before + after;
  },
  (text, random) => {
    const [before, piece, after] = cut(text, random, 120);
    return before + piece + piece + after;
  },
  (text, random) => {
    const [before, , after] = cut(text, random, 1);
    return before + random.pick(LIVE_TEXTS).repeat(1 + random.below(300)) + after;
  },
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random, corpus) => {
    const [before] = cut(text, random, 1);
    const [, , other] = cut(random.pick(corpus), random, 1);
    return before + other;
  },
  (text, random) => {
    const lines = text.split("\r\n");
    const from = random.below(lines.length);
    const [line = ""] = lines.splice(from, 1);
    lines.splice(random.below(lines.length + 1), 0, line);
    return lines.join("\r\n");
  },
  (text, random, corpus) => {
    const lines = text.split("\r\n");
    lines.splice(random.below(lines.length), 0, random.pick(random.pick(corpus).split("\r\n")));
    return lines.join("\r\n");
  },
  (text, random) => {
    const at = text.indexOf(random.pick([" ", ";", ",", ":"]), random.below(text.length + 1));
    return at < 0 ? text : `${text.slice(0, at)}\r\n ${text.slice(at)}`;
  },
  (text, random) => text.replace(/\d+/, () => random.pick(["0", "-1", "4294967296", "99999999999999999999", ""])),
];

/** A message of the corpus with one to four mutations. */
export function mutate(corpus: readonly string[], random: Randomness): string {
  let text = random.pick(corpus);
  for (let count = 1 + random.below(4); count > 0; count--) {
    text = random.pick(MUTATIONS)(text, random, corpus);
  }
  return text;
}
