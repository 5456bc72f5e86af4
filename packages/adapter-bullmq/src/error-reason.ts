/** A name such as `ECONNREFUSED`, `OOM` or `READONLY`. */
const CODE = /^[A-Z][A-Z_]+$/;

/**
 * What an error of BullMQ or its client is, for a log line or a failure: its class and the system's or Redis's name for it, else where it comes from. Never
 * its message, which may quote a command's arguments, and those are records of calls.
 */
export function errorReason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const { name, message, stack = "" } = thrown;
  const { code } = thrown as { readonly code?: unknown };
  // Redis begins its replies with its name for them; others begin with what they like.
  const reply = name === "ReplyError" ? message.split(" ", 1)[0] : undefined;
  const known = [code, reply].find((each) => typeof each === "string" && CODE.test(each));
  if (typeof known === "string") return `${name} ${known}`;
  // The message stands before the places, and may be of several lines.
  const at = /^ +at (.+)$/m.exec(stack.slice(stack.indexOf(message) + message.length))?.[1];
  return at === undefined ? name : `${name} at ${at}`;
}
