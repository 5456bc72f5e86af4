/** What a bug is and where, for a log line: its class, and the place it was thrown from. */
export interface Fault {
  readonly error: string;
  /** Empty when it is not known. */
  readonly at: string;
}

/** What was thrown, without its message, which may quote a number, a place or a whole SIP message. */
export function faultOf(bug: unknown): Fault {
  if (!(bug instanceof Error)) return { error: typeof bug, at: "" };
  return { error: bug.name, at: /^ +at (.+)$/m.exec(bug.stack ?? "")?.[1] ?? "" };
}
