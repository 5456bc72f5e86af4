/** What a bug is and where, for a log line: its class, and the place it was thrown from. */
export interface Fault {
  readonly error: string;
  /** Empty when it is not known. */
  readonly at: string;
}

/** What was thrown, without its message, which may quote a number, a location or a whole SIP message. */
export function faultOf(thrown: unknown): Fault {
  if (!(thrown instanceof Error)) return { error: typeof thrown, at: "" };
  return { error: thrown.name, at: /^ +at (.+)$/m.exec(thrown.stack ?? "")?.[1] ?? "" };
}
