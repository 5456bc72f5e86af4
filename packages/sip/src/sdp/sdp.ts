import { readDecimal } from "../characters.ts";
import { withoutLineBreaks } from "../header-text.ts";

/** One line of a description. `text` is the line as it came with its line end; a line of no known shape has an empty `type`. */
export interface SdpLine {
  /** The letter before `=`. */
  readonly type: string;
  readonly value: string;
  readonly text: string;
}

/** One media section: its m= line and everything up to the next. */
export interface SdpMedia {
  /** `audio`, `video`, `text`, `image`, … */
  readonly kind: string;
  /** 0: refused or switched off (RFC 3264 §6). */
  readonly port: number;
  readonly protocol: string;
  /** Payload types, or whatever the protocol counts as formats. */
  readonly formats: readonly string[];
  /** The m= line first. */
  readonly lines: readonly SdpLine[];
}

/** A session description (RFC 8866, RFC 4566) as lines: formatting what was parsed gives the same bytes. */
export interface Sdp {
  /** Everything before the first m= line. */
  readonly session: readonly SdpLine[];
  readonly media: readonly SdpMedia[];
}

/** Reads a description. Tolerant: unknown and misplaced lines are kept where they stand. Undefined when it does not begin with `v=`. */
export function parseSdp(text: string): Sdp | undefined {
  if (!text.startsWith("v=")) return undefined;
  const session: SdpLine[] = [];
  const sections: SdpLine[][] = [];
  for (const line of readLines(text)) {
    if (line.type === "m") sections.push([line]);
    else (sections.at(-1) ?? session).push(line);
  }
  return { session, media: sections.map((lines) => makeMedia(lines)) };
}

/** The description as text. */
export function formatSdp(sdp: Sdp): string {
  const text = (lines: readonly SdpLine[]): string => lines.map((line) => line.text).join("");
  return text(sdp.session) + sdp.media.map((media) => text(media.lines)).join("");
}

/** A line to put into a description. Line breaks in the value become spaces, so that it stays one line. */
export function makeSdpLine(type: string, value: string): SdpLine {
  const safeValue = withoutLineBreaks(value);
  return { type, value: safeValue, text: `${type}=${safeValue}\r\n` };
}

function readLines(text: string): readonly SdpLine[] {
  const lines: SdpLine[] = [];
  let start = 0;
  while (start < text.length) {
    const lf = text.indexOf("\n", start);
    const next = lf < 0 ? text.length : lf + 1;
    lines.push(readLine(text.slice(start, next)));
    start = next;
  }
  return lines;
}

function readLine(text: string): SdpLine {
  const content = text.endsWith("\r\n") ? text.slice(0, -2) : text.endsWith("\n") ? text.slice(0, -1) : text;
  // RFC 8866 §5: one letter, `=`, no white space on either side of it.
  if (content.charAt(1) !== "=") return { type: "", value: content, text };
  return { type: content.charAt(0), value: content.slice(2), text };
}

function makeMedia(lines: readonly SdpLine[]): SdpMedia {
  const [kind = "", port = "", protocol = "", ...formats] = (lines[0]?.value ?? "").split(" ");
  // RFC 8866 §5.14: `port/number of ports`.
  const [first = ""] = port.split("/", 1);
  return {
    kind,
    port: readDecimal(first, 65_535) ?? 0,
    protocol,
    formats: formats.filter((each) => each !== ""),
    lines,
  };
}
