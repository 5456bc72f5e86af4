import type { Call } from "./call.ts";
import type { Turn } from "./turn.ts";

/** One message of the call, for people: who sent what to whom, and when. Holds numbers: it is the call record, never a log line. */
export interface LadderEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Trunk of the peer, or `tandem`. */
  readonly from: string;
  readonly to: string;
  /** `INVITE sip:…`, `180 Ringing`, `BYE`. */
  readonly summary: string;
}

/** Lines kept from the start of a call, and rolling lines kept from its end. */
const FIRST_LINES = 40;
const LAST_LINES = 20;

/** Notes a message between us and a party. Bounded: the middle of a long call is dropped. */
export function noteMessage(
  { call, now }: Pick<Turn, "call" | "now">,
  direction: ">" | "<",
  trunk: string,
  summary: string,
): void {
  call.ladder.push(`${now - call.createdMs}${direction}${trunk}|${summary}`);
  if (call.ladder.length > FIRST_LINES + LAST_LINES) call.ladder.splice(FIRST_LINES, 1);
}

/** The call's messages in order; at most 60, the middle of a longer call is left out. */
export function ladder(call: Call): readonly LadderEntry[] {
  return call.ladder.map((line) => readLine(line, call.createdMs));
}

function readLine(line: string, createdMs: number): LadderEntry {
  const mark = line.search(/[<>]/);
  const bar = line.indexOf("|", mark);
  const trunk = line.slice(mark + 1, bar);
  const received = line[mark] === "<";
  return {
    atMs: createdMs + Number(line.slice(0, mark)),
    from: received ? trunk : "tandem",
    to: received ? "tandem" : trunk,
    summary: line.slice(bar + 1),
  };
}
