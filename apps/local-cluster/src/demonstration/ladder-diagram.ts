/** One message for the diagram: when it was seen, between which two columns, and what it was. */
export interface DiagramMessage {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Column names. */
  readonly from: string;
  readonly to: string;
  /** On the arrow: `INVITE 911`, `180 Ringing`. */
  readonly label: string;
  /** Beside the arrow: what is worth seeing in it. Empty when nothing is. */
  readonly facts: string;
}

/** Wide enough for `503 Service Unavailable`. */
const COLUMN_WIDTH = 31;
const TIME_WIDTH = 10;

/**
 * Draws messages as a ladder: one line each, time since the first on the left, an arrow between the two columns, facts on the right.
 * Columns stand in the order given; labels longer than the arrow are cut.
 */
export function drawLadder(columns: readonly string[], messages: readonly DiagramMessage[]): readonly string[] {
  const startMs = Math.min(...messages.map(({ atMs }) => atMs));
  const heading = " ".repeat(TIME_WIDTH) + columns.map((name) => name.padEnd(COLUMN_WIDTH)).join("");
  const lines = messages.map((message) => drawMessage(columns, message, startMs));
  return [heading.trimEnd(), ...lines];
}

function drawMessage(columns: readonly string[], message: DiagramMessage, startMs: number): string {
  const time = `${String(message.atMs - startMs).padStart(TIME_WIDTH - 4)} ms`.padEnd(TIME_WIDTH);
  const from = columns.indexOf(message.from);
  const to = columns.indexOf(message.to);
  const left = Math.min(from, to);
  const right = Math.max(from, to);
  const cells = columns.map((_, index) => {
    if (index === left && left !== right)
      return `│${arrow(message.label, (right - left) * COLUMN_WIDTH - 1, from < to)}`;
    if (index > left && index < right) return "";
    return index === columns.length - 1 ? "│" : `│${" ".repeat(COLUMN_WIDTH - 1)}`;
  });
  return `${time}${cells.join("")}${message.facts === "" ? "" : `  ${message.facts}`}`;
}

/** An arrow of `width` characters with the label in its middle. */
function arrow(label: string, width: number, toRight: boolean): string {
  const room = width - 6;
  const text = label.length > room ? `${label.slice(0, room - 1)}…` : label;
  const shaft = width - 3 - text.length;
  const before = Math.floor(shaft / 2);
  const line = `${"─".repeat(before)} ${text} ${"─".repeat(shaft - before)}`;
  return toRight ? `${line}▶` : `◀${line}`;
}
