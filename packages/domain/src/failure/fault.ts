/** What a bug is and where, for a log line: its class, and the place in the code that it was thrown from. */
export interface Fault {
  readonly error: string;
  /** File, line and column; empty when it is not known. */
  readonly at: string;
}

/** A class's name. Anything may be written into an error's `name`. */
const CLASS = /^[A-Za-z]{1,64}$/;
/** What V8 begins a stack with, before the message or, where there is none, before the places. */
const HEADING = /^[\w$]+(?: \[\w+\])?(?:: |(?=\n))/;
const PLACE = /^ {4}at (?:.* \()?((?:file:\/\/|node:|\/)[^\s()]+:\d+:\d+)\)?$/m;

/** What was thrown, without its message, which may quote a number, a place or a whole SIP message. */
export function faultOf(thrown: unknown): Fault {
  if (!(thrown instanceof Error)) return { error: typeof thrown, at: "" };
  const { name, message, stack = "" } = thrown;
  return { error: CLASS.test(name) ? name : "Error", at: PLACE.exec(placesIn(stack, message))?.[1] ?? "" };
}

/** A stack without the message, whose lines may look like places. Empty when the message was changed since, as its end cannot be told then. */
function placesIn(stack: string, message: string): string {
  const heading = HEADING.exec(stack)?.[0] ?? "";
  const before = heading.endsWith(": ") ? `${heading}${message}` : heading;
  return before !== "" && stack.startsWith(`${before}\n`) ? stack.slice(before.length) : "";
}
