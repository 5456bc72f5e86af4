/** The value that stands for everything outside the bound. */
const OTHER = "other";

/** Most values one label of configured names may take; a topology beyond it shares `other`. */
const MOST_NAMES = 2_000;

/** Turns any text into one of a bounded set of label values. */
export type LabelBound = (value: string) => string;

/** A label with a closed set of values. */
export function closedLabel(values: readonly string[]): LabelBound {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : OTHER);
}

/** A label whose values come from our own code but are not listed here (failure codes, route patterns): the first `cap` distinct ones count. */
export function cappedLabel(cap: number): LabelBound {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= cap) return OTHER;
    seen.add(value);
    return value;
  };
}

/** The names of the topology in force. Empty until the first topology: everything is `other`. */
export class ConfiguredNames {
  #trunks: LabelBound = closedLabel([]);
  #pools: LabelBound = closedLabel([]);

  /** Replaces the known names; call it with every new topology. */
  configure(names: { readonly trunks: Iterable<string>; readonly pools: Iterable<string> }): void {
    this.#trunks = closedLabel([...names.trunks].slice(0, MOST_NAMES));
    this.#pools = closedLabel([...names.pools].slice(0, MOST_NAMES));
  }

  readonly trunk: LabelBound = (name) => this.#trunks(name);
  readonly pool: LabelBound = (name) => this.#pools(name);
}

/** Methods SIP peers use (RFC 3261 and extensions); a request may carry any token. */
export const methodLabel: LabelBound = closedLabel([
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "OPTIONS",
  "REGISTER",
  "PRACK",
  "UPDATE",
  "INFO",
  "REFER",
  "MESSAGE",
  "NOTIFY",
  "SUBSCRIBE",
  "PUBLISH",
]);

/** `2xx` … `6xx` of a SIP or HTTP code; `none` when there was no answer. */
export function codeClass(code: number): string {
  return code >= 100 && code < 700 ? `${Math.floor(code / 100)}xx` : "none";
}
