import { withoutLineBreaks } from "../header-text.ts";

/** The text of a quoted string: quotes off, quoted pairs resolved (RFC 3261 §25.1). A text that is not quoted comes back as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  const inner = text.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  let out = "";
  for (let at = 0; at < inner.length; at++) {
    if (inner[at] === "\\" && at + 1 < inner.length) at++;
    out += inner[at];
  }
  return out;
}

/** The text as a quoted string; `"` and `\` become quoted pairs, line breaks spaces. */
export function quote(text: string): string {
  return `"${withoutLineBreaks(text).replace(/["\\]/g, String.raw`\$&`)}"`;
}
