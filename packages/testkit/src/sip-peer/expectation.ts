import type { SipMessage } from "@tandem/sip";

/** What `expect` looks for: a method, a status, `"200 INVITE"`, or any test of the message. */
export type Expectation = string | number | ((message: SipMessage) => boolean);

/** The message is what is looked for. */
export function fits(message: SipMessage, what: Expectation): boolean {
  if (typeof what === "function") return what(message);
  if (typeof what === "number") return message.kind === "response" && message.status === what;
  const [first, second] = what.split(" ");
  if (second !== undefined) return message.status === Number(first) && message.method === second;
  return message.kind === "request" && message.method === first;
}
