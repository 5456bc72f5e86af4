import { faultOf } from "@tandem/domain";

/** A name such as `ECONNREFUSED`, `OOM` or `READONLY`. */
const CODE = /^[A-Z][A-Z_]+$/;

/**
 * What an error of BullMQ or its client is, for a log line or a failure: its class and the system's or Redis's name for it, else where it comes from. Never
 * its message, which may quote a command's arguments, and those are records of calls.
 */
export function errorReason(thrown: unknown): string {
  const { error, at } = faultOf(thrown);
  if (!(thrown instanceof Error)) return error;
  const { code } = thrown as { readonly code?: unknown };
  // Redis begins its replies with its name for them; others begin with what they like.
  const reply = error === "ReplyError" ? thrown.message.split(" ", 1)[0] : undefined;
  const known = [code, reply].find((each) => typeof each === "string" && CODE.test(each));
  if (typeof known === "string") return `${error} ${known}`;
  return at === "" ? error : `${error} at ${at}`;
}
